//! What a test needs that not every machine can have. A test that goes without it is counted, by name.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{namespace, places};

/// Something that `lab/setup` cannot make out of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// moto's server, in the project's virtual environment.
    Moto,
    /// Versity's S3 gateway, built by `lab/setup`.
    Versity,
    /// Azurite, and the Node.js that runs it.
    Azurite,
    /// A network and mounts of a test's own: `unshare -mn` works, which takes root.
    Namespaces,
    /// Hosts that answer to SSH: name spaces, Debian's sshd and sudo, and packages for them.
    Hosts,
    /// Debian's containerd for a host on which nothing is a stand-in.
    RealHost,
    /// Debian's dnf for a host that is a relative of RHEL.
    RedHatHost,
    /// `ansible-playbook`, in the project's virtual environment.
    Ansible,
    /// Packer, on the PATH or from Debian's package.
    Packer,
    /// Terraform's provider for AWS, unpacked somewhere on the machine.
    AwsProvider,
    /// `terraform` on the PATH.
    Terraform,
    /// `tofu`, on the PATH or built by `lab/setup --with-tofu`.
    Opentofu,
    /// Either of the two.
    AnyTerraform,
}

impl Part {
    /// Whether it is here.
    pub fn is_here(self) -> bool {
        match self {
            Part::Moto => places::moto().is_ok(),
            Part::Versity => places::versity_gateway().is_ok(),
            Part::Azurite => places::azurite().exists() && places::program("node").is_some(),
            Part::Namespaces => namespace::can_be_had(),
            Part::Hosts => {
                let programs = ["/usr/sbin/sshd", "/usr/bin/sudo", "/usr/sbin/ip", "/usr/bin/apt-get"];
                let here = programs.iter().all(|program| Path::new(program).exists());
                here && places::host().is_ok() && places::packages().is_ok() && namespace::can_be_had()
            }
            Part::RealHost => {
                Part::Hosts.is_here() && places::packages().is_ok_and(|folder| folder.join("real/pod.tar").exists())
            }
            Part::RedHatHost => {
                Part::Hosts.is_here() && places::packages().is_ok_and(|folder| folder.join("redhat/Packages").exists())
            }
            Part::Ansible => places::ansible().join("ansible-playbook").exists(),
            Part::Packer => places::program("packer").is_some(),
            Part::AwsProvider => places::terraform_config().is_some(),
            Part::Terraform => places::program("terraform").is_some(),
            Part::Opentofu => places::program("tofu").is_some(),
            Part::AnyTerraform => Part::Terraform.is_here() || Part::Opentofu.is_here(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Part::Moto => "moto",
            Part::Versity => "Versity's S3 gateway",
            Part::Azurite => "Azurite",
            Part::Namespaces => "root and `unshare`",
            Part::Hosts => "root, sshd and packages for hosts",
            Part::RealHost => "Debian's containerd for hosts",
            Part::RedHatHost => "Debian's dnf for hosts",
            Part::Ansible => "Ansible",
            Part::Packer => "Packer",
            Part::AwsProvider => "Terraform's AWS provider",
            Part::Terraform => "Terraform",
            Part::Opentofu => "OpenTofu",
            Part::AnyTerraform => "Terraform or OpenTofu",
        }
    }
}

/// Ends the test that it stands in, unless the machine has all of these [`Part`]s: `needs!(Moto);`
/// The test is then named in `target/lab/skipped`, which `make test` shows at its end.
///
/// # Panics
/// With `CI` in the environment: a pipeline that leaves tests out must not look like one that ran them.
#[macro_export]
macro_rules! needs {
    ($($part:ident),+ $(,)?) => {{
        fn here() {}
        if !$crate::has_all(::std::any::type_name_of_val(&here), &[$($crate::Part::$part),+]) {
            return;
        }
    }};
}

/// What [`needs!`] asks; `place` is the path of a function inside the test.
#[doc(hidden)]
#[track_caller]
pub fn has_all(place: &str, parts: &[Part]) -> bool {
    let missing: Vec<&str> = parts.iter().filter(|part| !part.is_here()).map(|part| part.name()).collect();
    missing.is_empty() || skipped(place, &missing, in_pipeline(std::env::var("CI").ok().as_deref()), &list())
}

/// False, and the name is in the list; in a pipeline it is a panic.
#[track_caller]
fn skipped(place: &str, missing: &[&str], in_pipeline: bool, list: &Path) -> bool {
    let line = format!("{}: without {}", test_name(place), missing.join(", "));
    assert!(!in_pipeline, "skipped, which CI does not allow: {line}. `lab/setup` says how to get it");
    note(&line, list);
    false
}

/// `e2e::aws::day::a_test::{{closure}}::here` → `e2e::aws::day::a_test`
fn test_name(place: &str) -> &str {
    place.trim_end_matches("::here").trim_end_matches("::{{closure}}")
}

/// By the variable `CI`.
fn in_pipeline(value: Option<&str>) -> bool {
    value.is_some_and(|value| !["", "0", "false"].contains(&value))
}

/// Where `make test` finds the names.
fn list() -> PathBuf {
    places::project().join("target/lab/skipped")
}

/// One write to the end of the file: tests of several processes may do it at once.
fn note(line: &str, list: &Path) {
    eprintln!("skipped: {line}");
    let opened = OpenOptions::new().create(true).append(true).open(list);
    let written = opened.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.unwrap_or_else(|error| panic!("{line}: it cannot be noted in {}: {error}", list.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> &'static str {
        fn here() {}
        std::any::type_name_of_val(&here)
    }

    #[test]
    fn a_skip_is_known_by_its_tests_name() {
        assert_eq!(test_name(place()), "scaler_lab::needs::tests::place");
        assert_eq!(test_name("e2e::day::a_test::{{closure}}::here"), "e2e::day::a_test");
    }

    #[test]
    fn a_skip_is_noted_by_name_one_line_each() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("skipped");
        assert!(!skipped("e2e::aws::day::a_test::here", &["moto", "Terraform"], false, &list));
        assert!(!skipped("e2e::b::here", &["OpenTofu"], false, &list));
        let text = std::fs::read_to_string(&list).unwrap();
        assert_eq!(text, "e2e::aws::day::a_test: without moto, Terraform\ne2e::b: without OpenTofu\n");
    }

    #[test]
    #[should_panic(expected = "skipped, which CI does not allow: e2e::a: without moto")]
    fn a_pipeline_does_not_skip() {
        skipped("e2e::a::here", &["moto"], true, Path::new("/nonexistent/skipped"));
    }

    #[test]
    fn a_pipeline_says_so() {
        for (value, is) in
            [(None, false), (Some(""), false), (Some("0"), false), (Some("false"), false), (Some("true"), true)]
        {
            assert_eq!(in_pipeline(value), is, "{value:?}");
        }
    }

    #[test]
    fn a_test_whose_parts_are_here_goes_on() {
        assert!(has_all("a", &[]));
        needs!(AnyTerraform);
        assert!(Part::Terraform.is_here() || Part::Opentofu.is_here());
    }
}

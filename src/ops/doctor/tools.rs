//! The programs that scaler runs.

use semver::Version;
use serde_json::Value;

use super::check::{Check, Status};
use crate::model::failure::{Failure, Result};
use crate::model::record::Flavour;
use crate::ops::ports::probe::{Printed, Tool, Tools};
use crate::ops::ports::{Kubernetes, Terraform};

/// `kubectl proxy --append-server-path` came with 1.23 (<https://github.com/kubernetes/kubernetes/pull/97350>).
const LEAST_KUBECTL: Version = Version::new(1, 23, 0);

const GET_KUBECTL: &str = "install kubectl (https://kubernetes.io/docs/tasks/tools/), or name its path as \
     `tools.kubectl` in the cluster file";

const GET_PACKER: &str = "install Packer 1.6 or later (Debian: `apt-get install packer`), or name its path as \
     `tools.packer` in the cluster file";

pub(super) async fn checks(
    terraform: &dyn Terraform,
    tools: &dyn Tools,
    kubernetes: Option<&dyn Kubernetes>,
    builds_images: bool,
) -> Vec<Check> {
    let server = async {
        match kubernetes {
            Some(kubernetes) => kubernetes.server_version().await.ok(),
            None => None,
        }
    };
    let (terraform, kubectl, ansible, packer, server) = futures::join!(
        terraform.tool(),
        tools.version(Tool::Kubectl),
        tools.version(Tool::AnsiblePlaybook),
        tools.version(Tool::Packer),
        server,
    );
    let terraform = match terraform {
        Ok(tool) => {
            let flavour = match tool.flavour {
                Flavour::Terraform => "Terraform",
                Flavour::Opentofu => "OpenTofu",
            };
            Check::ok("terraform", format!("{flavour} {} at {}", tool.version, tool.path))
        }
        Err(failure) => Check::failed("terraform", &failure),
    };
    vec![
        terraform,
        check_kubectl(kubectl, server.as_deref()),
        optional("ansible-playbook", "scaler provision", ansible, ansible_version),
        check_packer(packer, builds_images),
    ]
}

fn check_kubectl(printed: Result<Printed>, server: Option<&str>) -> Check {
    let name = "kubectl";
    let printed = match printed {
        Ok(printed) => printed,
        Err(failure) => return Check::failed(name, &failure).fix(GET_KUBECTL),
    };
    let Some(version) = kubectl_version(&printed.text) else {
        let failure = Failure::failed(format!("{} does not tell its version", printed.path));
        return Check::failed(name, &failure).fix(GET_KUBECTL);
    };
    let detail = format!("{version} at {}", printed.path);
    if version < LEAST_KUBECTL {
        return Check::new(name, Status::Fail, format!("{detail} is too old, {LEAST_KUBECTL} is the least"))
            .fix(GET_KUBECTL);
    }
    // One minor version either way: <https://kubernetes.io/releases/version-skew-policy/#kubectl>
    match server.and_then(lenient) {
        Some(server) if server.major != version.major || server.minor.abs_diff(version.minor) > 1 => Check::new(
            name,
            Status::Warn,
            format!("{detail}, and the cluster is {server}: more than one minor version apart"),
        )
        .fix(format!("install kubectl {}.{}", server.major, server.minor)),
        _ => Check::ok(name, detail),
    }
}

fn optional(name: &str, command: &str, printed: Result<Printed>, version: fn(&str) -> Option<String>) -> Check {
    let needed = format!("needed for `{command}` only");
    match printed {
        Ok(printed) => match version(&printed.text) {
            Some(version) => Check::ok(name, format!("{version} at {}", printed.path)),
            None => Check::new(name, Status::Warn, format!("{} does not tell its version; {needed}", printed.path)),
        },
        Err(failure) => Check::skipped(name, format!("{}; {needed}", failure.what)),
    }
}

/// Who builds the images that the cluster file wants may work elsewhere, so that a missing Packer is no failure.
fn check_packer(printed: Result<Printed>, builds_images: bool) -> Check {
    let check = optional("packer", "scaler build-image", printed, packer_version);
    match builds_images && check.status == Status::Skipped {
        true => Check::new("packer", Status::Warn, format!("{}, which the cluster file has images for", check.detail))
            .fix(GET_PACKER),
        false => check,
    }
}

/// Of `kubectl version --client -o json`.
fn kubectl_version(text: &str) -> Option<Version> {
    let json: Value = serde_json::from_str(text).ok()?;
    lenient(json.get("clientVersion")?.get("gitVersion")?.as_str()?)
}

/// The first three numbers of a version: what follows them is a distributor's own.
fn lenient(text: &str) -> Option<Version> {
    let mut numbers = text.trim_start_matches('v').split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(Version::new(next()?, next()?, next()?))
}

/// `ansible-playbook [core 2.19.3]` is the first line of `ansible-playbook --version`.
fn ansible_version(text: &str) -> Option<String> {
    let (_, rest) = text.lines().next()?.split_once("[core ")?;
    Some(format!("core {}", rest.split_once(']')?.0))
}

/// `Packer v1.6.6` is the first line of `packer version`.
fn packer_version(text: &str) -> Option<String> {
    text.lines().next()?.strip_prefix("Packer v").map(|version| version.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubectl(version: &str) -> Result<Printed> {
        let text = format!("{{\"clientVersion\": {{\"gitVersion\": \"{version}\"}}}}");
        Ok(Printed { path: "/bin/kubectl".into(), text })
    }

    #[test]
    fn kubectl_is_new_enough_and_near_the_cluster() {
        for (version, server, status) in [
            ("v1.32.4-dispatcher", Some("1.33.1+k3s1"), Status::Ok),
            ("v1.32.4", None, Status::Ok),
            ("v1.23.0", Some("1.22.4"), Status::Ok),
            ("v1.32.4", Some("1.34.0"), Status::Warn),
            ("v1.36.0", Some("1.34.9"), Status::Warn),
            ("v1.22.17", Some("1.22.0"), Status::Fail),
            ("nonsense", None, Status::Fail),
        ] {
            let check = check_kubectl(kubectl(version), server);
            assert_eq!(check.status, status, "{check:?}");
            assert_eq!(check.fix.is_none(), status == Status::Ok, "{check:?}");
        }
        let missing = check_kubectl(Err(Failure::failed("`kubectl` was not found")), None);
        assert_eq!((missing.status, missing.fix.as_deref()), (Status::Fail, Some(GET_KUBECTL)));
    }

    #[test]
    fn what_is_needed_for_one_command_only_is_no_fault_when_it_is_missing() {
        let missing =
            optional("packer", "scaler build-image", Err(Failure::failed("`packer` was not found")), packer_version);
        assert_eq!(missing.status, Status::Skipped);
        assert!(missing.detail.contains("scaler build-image"), "{missing:?}");
        let printed = Printed { path: "/bin/packer".into(), text: "Packer v1.6.6\n".into() };
        let there = optional("packer", "scaler build-image", Ok(printed), packer_version);
        assert_eq!(there, Check::ok("packer", "1.6.6 at /bin/packer"));
        let wanted = check_packer(Err(Failure::failed("`packer` was not found")), true);
        assert_eq!((wanted.status, wanted.fix.as_deref()), (Status::Warn, Some(GET_PACKER)));
        assert_eq!(check_packer(Err(Failure::failed("`packer` was not found")), false).status, Status::Skipped);
        assert_eq!(
            ansible_version("ansible-playbook [core 2.19.3]\n  config file = None\n").as_deref(),
            Some("core 2.19.3")
        );
        assert_eq!(ansible_version("bash: no such thing"), None);
    }
}

//! Which of the two it is, and whether it is new enough.

use semver::Version;

use crate::adapters::process::Program;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::record::Flavour;

/// The least version of either: the S3 backend's own lock (`use_lockfile`) came with Terraform 1.10 and OpenTofu 1.10
/// (their change logs).
const LEAST: Version = Version::new(1, 10, 0);

/// What to do without one.
pub const HOW_TO_GET: &str = "install Terraform 1.10 or later (https://developer.hashicorp.com/terraform/install) or \
     OpenTofu 1.10 or later (https://opentofu.org/docs/intro/install), or name its path as `tools.terraform` in the \
     cluster file";

/// Reads what `terraform version` prints. The first line that names a product counts, because OpenTofu fills the
/// field `terraform_version` of its JSON form too.
pub fn parse(text: &str) -> Option<(Flavour, Version)> {
    text.lines().find_map(|line| {
        let (flavour, version) = match line.strip_prefix("Terraform v") {
            Some(version) => (Flavour::Terraform, version),
            None => (Flavour::Opentofu, line.strip_prefix("OpenTofu v")?),
        };
        Some((flavour, Version::parse(version.trim()).ok()?))
    })
}

/// Takes what was printed, or says why this program is of no use.
pub fn accept(program: &Program, printed: &str) -> Result<(Flavour, Version)> {
    let path = program.path().display();
    let Some((flavour, version)) = parse(printed) else {
        let first = printed.lines().next().unwrap_or_default();
        let what = format!("{path} is neither Terraform nor OpenTofu");
        let failure = Failure::failed(what).because(format!("it calls itself `{}`", program.redactor().redact(first)));
        return Err(failure.hint(HOW_TO_GET));
    };
    if version < LEAST {
        let what = format!("{} {version} at {path} is too old: {LEAST} is the least", name(flavour));
        let why = "the state's lock in an S3 bucket came with that version";
        return Err(Failure::new(Kind::Failed, what).because(why).hint(HOW_TO_GET));
    }
    Ok((flavour, version))
}

/// The product's name.
pub fn name(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::Terraform => "Terraform",
        Flavour::Opentofu => "OpenTofu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_say_who_they_are() {
        let terraform = "Terraform v1.11.4\non linux_amd64\n\nYour version of Terraform is out of date!\n";
        let opentofu =
            "OpenTofu v1.12.0-beta1\non linux_amd64\n+ provider registry.opentofu.org/hashicorp/aws v5.1.0\n";
        assert_eq!(parse(terraform), Some((Flavour::Terraform, Version::new(1, 11, 4))));
        assert_eq!(parse(opentofu), Some((Flavour::Opentofu, "1.12.0-beta1".parse().unwrap())));
        assert_eq!(parse("Packer v1.6.6\n"), None);
        assert_eq!(parse(""), None);
    }
}

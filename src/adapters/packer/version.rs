//! Whether it is new enough, and what it has to be told.

use semver::Version;

use crate::adapters::process::Program;
use crate::model::failure::{Failure, Result};
use crate::model::image::Dialect;

/// The first that reads HCL with all that the templates need.
const LEAST: Version = Version::new(1, 6, 0);

/// `required_plugins` and `packer init` came with it (Packer's changelog).
const FIRST_WITH_PLUGINS: Version = Version::new(1, 7, 0);

/// What to do without one.
pub const HOW_TO_GET: &str = "install Packer 1.6 or later (Debian: `apt-get install packer`; \
     https://developer.hashicorp.com/packer/install), or name its path as `tools.packer` in the cluster file";

/// Reads what `packer version` prints first: `Packer v1.6.6`. What a distributor added to the number is left out.
fn parse(text: &str) -> Option<Version> {
    let number = text.lines().next()?.strip_prefix("Packer v")?;
    let number: String = number.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Version::parse(&number).ok()
}

/// Takes what was printed, or says why this program is of no use.
pub fn accept(program: &Program, printed: &str) -> Result<Dialect> {
    let path = program.path().display();
    match parse(printed) {
        Some(version) if version >= FIRST_WITH_PLUGINS => Ok(Dialect::Plugins),
        Some(version) if version >= LEAST => Ok(Dialect::Bundled),
        Some(version) => {
            Err(Failure::failed(format!("Packer {version} at {path} is too old: {LEAST} is the least"))
                .hint(HOW_TO_GET))
        }
        None => {
            let first = printed.lines().next().unwrap_or_default();
            let said = format!("it calls itself `{}`", program.redactor().redact(first));
            Err(Failure::failed(format!("{path} is no Packer")).because(said).hint(HOW_TO_GET))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_it_is() {
        assert_eq!(parse("Packer v1.6.6\n\nYour version of Packer is out of date!\n"), Some(Version::new(1, 6, 6)));
        assert_eq!(parse("Packer v1.11.2\n"), Some(Version::new(1, 11, 2)));
        assert_eq!(parse("Packer v1.7.0-dev (abc)\n"), Some(Version::new(1, 7, 0)));
        assert_eq!(parse("Terraform v1.11.0\n"), None);
        // There is another program of this name, in cracklib; it waits for words to pack.
        assert_eq!(parse(""), None);
    }
}

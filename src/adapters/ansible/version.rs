//! Whether it is new enough.

use semver::Version;

use crate::adapters::process::Program;
use crate::model::failure::{Failure, Result};

/// The least ansible-core: the playbooks rely on its way with text that must not be read as a template.
const LEAST: Version = Version::new(2, 17, 0);

/// What to do without one.
pub const HOW_TO_GET: &str = "install ansible-core 2.17 or later (`pipx install ansible-core`), or name the path of its \
     ansible-playbook as `tools.ansiblePlaybook` in the cluster file";

/// Reads what `ansible-playbook --version` prints first: `ansible-playbook [core 2.19.4]`.
fn parse(text: &str) -> Option<Version> {
    let (_, rest) = text.lines().next()?.split_once("[core ")?;
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    Version::parse(&number).ok()
}

/// Takes what was printed, or says why this program is of no use.
pub fn accept(program: &Program, printed: &str) -> Result<()> {
    let path = program.path().display();
    match parse(printed) {
        Some(version) if version >= LEAST => Ok(()),
        Some(version) => {
            Err(Failure::failed(format!("ansible-core {version} at {path} is too old: {LEAST} is the least"))
                .hint(HOW_TO_GET))
        }
        None => {
            let first = printed.lines().next().unwrap_or_default();
            let what = format!("{path} is no ansible-playbook of ansible-core");
            let said = format!("it calls itself `{}`", program.redactor().redact(first));
            Err(Failure::failed(what).because(said).hint(HOW_TO_GET))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_which_it_is() {
        assert_eq!(parse("ansible-playbook [core 2.19.4]\n  config file = None\n"), Some(Version::new(2, 19, 4)));
        assert_eq!(parse("ansible-playbook [core 2.17.0rc1]\n"), Some(Version::new(2, 17, 0)));
        assert_eq!(parse("ansible-playbook 2.9.6\n"), None);
        assert_eq!(parse(""), None);
    }
}

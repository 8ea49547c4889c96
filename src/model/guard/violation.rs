//! What a plan contains that the operation does not allow.

use std::fmt;

use crate::model::failure::Failure;
use crate::model::names::StackId;

/// One thing in a plan, or in a module, that is not on the list. Names things by address; never holds an attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The resource's address, or the part of the document where it is not about one resource: `plan`, `configuration`.
    pub address: String,
    /// What Terraform would do, in its own words: `create`, `delete`, `delete, create`. Empty where it is not about an action.
    pub action: String,
    /// Why that is refused.
    pub reason: String,
}

impl Violation {
    pub(super) fn new(address: impl Into<String>, action: impl Into<String>, reason: impl Into<String>) -> Violation {
        Violation { address: address.into(), action: action.into(), reason: reason.into() }
    }

    /// About the document as a whole.
    pub(super) fn plan(reason: impl Into<String>) -> Violation {
        Violation::new("plan", "", reason)
    }

    /// About the configuration that Terraform read.
    pub(super) fn configuration(address: impl Into<String>, reason: impl Into<String>) -> Violation {
        Violation::new(address, "", reason)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses and action words come from a document that may be hostile: a terminal must not act on them.
        plain(f, &self.address)?;
        if !self.action.is_empty() {
            f.write_str(" (")?;
            plain(f, &self.action)?;
            f.write_str(")")?;
        }
        f.write_str(": ")?;
        plain(f, &self.reason)
    }
}

/// Writes text with its control characters escaped.
fn plain(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for character in text.chars() {
        if character.is_control() { write!(f, "{}", character.escape_default())? } else { write!(f, "{character}")? }
    }
    Ok(())
}

/// The refusal that a person reads: every violation is a cause.
pub fn refusal(stack: &StackId, violations: &[Violation]) -> Failure {
    let mut failure =
        Failure::refused(format!("Terraform's plan for the stack {stack} is not the one this operation allows"));
    for violation in violations {
        failure = failure.because(violation);
    }
    failure
        .hint("nothing was changed: a plan is applied only when everything in it is allowed by the operation")
        .hint(format!(
            "if somebody changed these resources beside scaler, undo that in the cloud, or run `scaler status` to see how \
             the stack {stack} differs from the record"
        ))
}

/// The refusal of a module's files, which lie in `folder`.
pub fn module_refusal(folder: &str, violations: &[Violation]) -> Failure {
    let mut failure =
        Failure::refused(format!("the modules in terraform/{folder} are not ones that scaler can answer for"));
    for violation in violations {
        failure = failure.because(violation);
    }
    failure.hint(
        "what a module sets may be changed; which resources it has, how they repeat, where its provider comes from and \
         which programs it runs may not: from these follows what Terraform is allowed to do",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let violation = Violation::new("a[\"\u{1b}[2J\"]", "create\n", "why");
        assert_eq!(violation.to_string(), "a[\"\\u{1b}[2J\"] (create\\n): why");
    }

    #[test]
    fn a_refusal_names_the_stack_and_every_violation() {
        let violations = [Violation::plan("one"), Violation::plan("two")];
        let failure = refusal(&StackId::Pool("workers".into()), &violations);
        assert_eq!(failure.kind, crate::model::failure::Kind::Refused);
        assert!(failure.what.contains("pool-workers"));
        assert_eq!(failure.causes, ["plan: one", "plan: two"]);
    }
}

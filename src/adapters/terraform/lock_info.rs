//! Who holds Terraform's own lock on a state.

use super::diagnostics::Diagnostic;
use crate::model::state_lock::StateLock;

/// The summary of the error (internal/command/clistate of both).
const SUMMARY: &str = "Error acquiring the state lock";

/// The lock in an error about it; None for every other error, and where the holder is not told.
pub fn of(diagnostic: &Diagnostic) -> Option<StateLock> {
    if !is_about_lock(diagnostic) {
        return None;
    }
    let (_, info) = diagnostic.detail.split_once("Lock Info:")?;
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.trim().to_owned())
    };
    Some(StateLock {
        id: field("ID").filter(|id| !id.is_empty())?,
        who: field("Who")?,
        created: field("Created")?,
        operation: field("Operation")?,
    })
}

pub fn is_about_lock(diagnostic: &Diagnostic) -> bool {
    diagnostic.summary.contains(SUMMARY)
}

#[cfg(test)]
mod tests {
    use super::super::diagnostics::error;
    use super::*;

    const DETAIL: &str = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        a6b97e5e-e85b\n  \
        Path:      /s/x.tfstate\n  Operation: OperationTypeApply\n  Who:       ann@desk\n  Version:   1.11.4\n  \
        Created:   2026-11-22 06:32:38.856992236 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock";

    #[test]
    fn the_holder_is_read() {
        let lock = of(&error(SUMMARY, DETAIL)).unwrap();
        let expected = StateLock {
            id: "a6b97e5e-e85b".into(),
            who: "ann@desk".into(),
            created: "2026-11-22 06:32:38.856992236 +0000 UTC".into(),
            operation: "OperationTypeApply".into(),
        };
        assert_eq!(lock, expected);
    }

    #[test]
    fn an_error_of_the_store_is_no_lock() {
        assert_eq!(of(&error(SUMMARY, "Error message: AccessDenied")), None);
        assert_eq!(of(&error(SUMMARY, "Lock Info:\n  ID:        \n  Who:       \n")), None);
        assert_eq!(of(&error("Something else", DETAIL)), None);
    }
}

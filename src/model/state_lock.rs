//! Terraform's own lock on a state, as its backends write it down and its errors tell of it.

use serde::{Deserialize, Serialize};

/// The document of a lock (`internal/states/statemgr/locker.go` of both flavours). Its fields may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase", serialize = "camelCase"))]
pub struct StateLock {
    #[serde(rename(deserialize = "ID"))]
    pub id: String,
    /// What Terraform was about to do: `OperationTypeApply`.
    #[serde(default)]
    pub operation: String,
    /// `user@host`.
    #[serde(default)]
    pub who: String,
    /// RFC 3339, by the clock of that host; in an error as Terraform prints times there.
    #[serde(default)]
    pub created: String,
}

impl StateLock {
    /// None if this is no such document.
    pub fn parse(text: &[u8]) -> Option<StateLock> {
        serde_json::from_slice(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_terraform_writes_it() {
        let text = br#"{"ID":"3f","Operation":"OperationTypeApply","Info":"","Who":"ann@desk","Version":"1.11.4",
            "Created":"2026-11-22T06:32:38.856992236Z","Path":"/s/x.tfstate"}"#;
        let expected = StateLock {
            id: "3f".into(),
            operation: "OperationTypeApply".into(),
            who: "ann@desk".into(),
            created: "2026-11-22T06:32:38.856992236Z".into(),
        };
        assert_eq!(StateLock::parse(text), Some(expected));
        assert_eq!(StateLock::parse(b""), None);
    }
}

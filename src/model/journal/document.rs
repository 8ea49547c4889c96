//! One journal entry as it lies in the store.

use serde::{Deserialize, Serialize};

use super::Entry;
use crate::model::names::OperationId;
use crate::model::record::Format;

/// The major number changes when an older `scaler` would misread a journal. A new kind of entry needs no new major
/// number: a reader that does not know it refuses the journal by itself.
pub const FORMAT: Format = Format { major: 1, minor: 5 };

/// The object `journal/<operation>/<seq>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub format: Format,
    pub operation: OperationId,
    /// Dense, from 1.
    pub seq: u64,
    /// The fencing number of the lock under which it was written.
    pub fence: u64,
    /// Random; a writer that lost the answer recognises its own entry by it.
    pub nonce: String,
    /// By the writer's clock. For people, and to tell whose a left-over lock of Terraform is.
    pub at: jiff::Timestamp,
    pub entry: Entry,
}

impl Document {
    /// Reads an entry. The error says what is wrong with the text.
    pub fn parse(text: &[u8]) -> Result<Document, DocumentError> {
        #[derive(Deserialize)]
        struct Head {
            format: Format,
        }
        let broken = |error: serde_json::Error| DocumentError::Broken(error.to_string());
        let head: Head = serde_json::from_slice(text).map_err(broken)?;
        let read = serde_json::from_slice(text);
        // What this version cannot read may be a kind of entry that only a newer one knows.
        if head.format.major > FORMAT.major || (read.is_err() && head.format > FORMAT) {
            return Err(DocumentError::Newer(head.format));
        }
        read.map_err(broken)
    }

    /// The text to store.
    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("names, numbers and text are all JSON")
    }
}

/// Why an entry cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("it has format {}.{}, which a newer scaler wrote", .0.major, .0.minor)]
    Newer(Format),
    #[error("it is not a journal entry: {0}")]
    Broken(String),
}

/// Where an operation's entries lie.
pub fn folder(operation: &OperationId) -> String {
    format!("journal/{operation}/")
}

/// The key of one entry. Padded, so that keys sort as numbers do; beyond a million entries they would not.
pub fn key(operation: &OperationId, seq: u64) -> String {
    format!("journal/{operation}/{seq:06}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::NodeName;

    fn document() -> Document {
        Document {
            format: FORMAT,
            operation: OperationId::from_text("20260102t030405z-00000000000000ff"),
            seq: 7,
            fence: 3,
            nonce: "n".into(),
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            entry: Entry::Cordoned { node: NodeName::from_text("demo-w-3"), uid: "u-3".into() },
        }
    }

    /// Other versions of scaler read this: a change of it is a change of the format.
    #[test]
    fn keeps_its_form() {
        let expected = r#"{
  "format": {
    "major": 1,
    "minor": 5
  },
  "operation": "20260102t030405z-00000000000000ff",
  "seq": 7,
  "fence": 3,
  "nonce": "n",
  "at": "2026-01-02T03:04:05Z",
  "entry": {
    "kind": "cordoned",
    "node": "demo-w-3",
    "uid": "u-3"
  }
}"#;
        assert_eq!(String::from_utf8(document().text()).unwrap(), expected);
        assert_eq!(Document::parse(expected.as_bytes()), Ok(document()));
    }

    #[test]
    fn tells_a_newer_entry_from_a_broken_one() {
        let text = |major, minor, kind: &str| {
            format!(r#"{{"format": {{"major": {major}, "minor": {minor}}}, "entry": {{"kind": "{kind}"}}}}"#)
        };
        let newer = |major, minor| Err(DocumentError::Newer(Format { major, minor }));
        assert_eq!(Document::parse(text(2, 0, "cordoned").as_bytes()), newer(2, 0));
        assert_eq!(Document::parse(text(1, 6, "teleported").as_bytes()), newer(1, 6));
        assert!(matches!(Document::parse(text(1, 5, "teleported").as_bytes()), Err(DocumentError::Broken(_))));
        assert!(matches!(Document::parse(b"{"), Err(DocumentError::Broken(_))));
    }

    #[test]
    fn keys_sort_as_numbers() {
        let operation = OperationId::from_text("op");
        assert_eq!(key(&operation, 7), "journal/op/000007");
        assert!(key(&operation, 9) < key(&operation, 10));
        assert!(key(&operation, 7).starts_with(&folder(&operation)));
    }
}

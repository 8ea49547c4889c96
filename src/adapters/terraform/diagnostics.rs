//! Terraform's warnings and errors, from its machine-readable lines.

use serde::Deserialize;

/// One warning or error (https://developer.hashicorp.com/terraform/internals/machine-readable-ui#diagnostic).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Diagnostic {
    pub severity: Severity,
    pub summary: String,
    #[serde(default)]
    pub detail: String,
    /// The resource that it is about.
    pub address: Option<String>,
    pub range: Option<Range>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    #[serde(other)]
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Range {
    pub filename: String,
    pub start: Position,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Position {
    pub line: u64,
}

impl Diagnostic {
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// As people read it: the summary, where, and the detail.
    pub fn text(&self) -> String {
        let mut text = self.summary.trim().to_owned();
        match (&self.address, &self.range) {
            (Some(address), Some(range)) => {
                text.push_str(&format!(" ({address}, {} line {})", range.filename, range.start.line));
            }
            (Some(address), None) => text.push_str(&format!(" ({address})")),
            (None, Some(range)) => text.push_str(&format!(" ({} line {})", range.filename, range.start.line)),
            (None, None) => {}
        }
        match self.detail.trim() {
            "" => text,
            detail => format!("{text}\n{detail}"),
        }
    }

    /// True if the text stands in its summary or detail, in whatever case.
    pub fn mentions(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.summary.to_lowercase().contains(&text) || self.detail.to_lowercase().contains(&text)
    }
}

#[cfg(test)]
pub(super) fn error(summary: &str, detail: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        summary: summary.to_owned(),
        detail: detail.to_owned(),
        address: None,
        range: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_and_where() {
        let json = r#"{"severity":"error","summary":"no","detail":"because\n","address":"a.b[\"c\"]",
            "range":{"filename":"main.tf","start":{"line":3,"column":1,"byte":9},"end":{"line":3,"column":2,"byte":10}}}"#;
        let diagnostic: Diagnostic = serde_json::from_str(json).unwrap();
        assert_eq!(diagnostic.text(), "no (a.b[\"c\"], main.tf line 3)\nbecause");
        assert_eq!(error("no", "").text(), "no");
    }

    #[test]
    fn an_unknown_severity_is_no_error() {
        let json = r#"{"severity":"hint","summary":"s","detail":""}"#;
        assert!(!serde_json::from_str::<Diagnostic>(json).unwrap().is_error());
    }
}

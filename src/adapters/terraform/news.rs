//! Terraform's machine-readable lines: progress to hand on, and diagnostics to keep.
//!
//! The format is https://developer.hashicorp.com/terraform/internals/machine-readable-ui; a type of line that is not
//! known is passed over, as that page asks.

use serde::Deserialize;

use super::diagnostics::Diagnostic;
use crate::model::names::StackId;
use crate::ops::ports::Event;

/// How much of what is no such line is kept, in bytes: a crash or a wrong argument is told in plain text.
const PLAIN_LIMIT: usize = 64 << 10;

/// Warnings that are true of every run here and ask for nothing.
const EXPECTED: &[&str] = &[
    // A mirror offers no signed checksums of other platforms.
    "Incomplete lock file information for providers",
    // A given lock file is used as it is.
    "Provider lock file not updated",
];

/// What one run of Terraform has said.
#[derive(Debug, Default)]
pub struct Said {
    pub diagnostics: Vec<Diagnostic>,
    /// Lines that are no JSON.
    pub plain: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Diagnostic {
        diagnostic: Diagnostic,
    },
    PlannedChange {
        change: Change,
    },
    ResourceDrift {
        change: Change,
    },
    RefreshStart {
        hook: Hook,
    },
    RefreshComplete {
        hook: Hook,
    },
    ApplyStart {
        hook: Hook,
    },
    ApplyProgress {
        hook: Hook,
    },
    ApplyComplete {
        hook: Hook,
    },
    ApplyErrored {
        hook: Hook,
    },
    /// Said only if it takes a while.
    StateLockAcquire,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Change {
    resource: Resource,
    action: String,
}

#[derive(Deserialize)]
struct Hook {
    resource: Resource,
    /// A refresh has none.
    #[serde(default)]
    action: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    addr: String,
}

impl Said {
    /// Takes one line; returns what it tells about a resource, and a warning that people should see.
    pub fn line(&mut self, stack: &StackId, line: &str) -> Option<Event> {
        let Ok(line) = serde_json::from_str(line) else {
            self.keep_plain(line);
            return None;
        };
        let (address, action, state) = match line {
            Line::Diagnostic { diagnostic } => return self.keep(stack, diagnostic),
            Line::PlannedChange { change } => (change.resource.addr, change.action, "planned"),
            Line::ResourceDrift { change } => (change.resource.addr, change.action, "drifted"),
            Line::RefreshStart { hook } => (hook.resource.addr, "refresh".to_owned(), "started"),
            Line::RefreshComplete { hook } => (hook.resource.addr, "refresh".to_owned(), "done"),
            Line::ApplyStart { hook } => (hook.resource.addr, hook.action?, "started"),
            Line::ApplyProgress { hook } => (hook.resource.addr, hook.action?, "running"),
            Line::ApplyComplete { hook } => (hook.resource.addr, hook.action?, "done"),
            Line::ApplyErrored { hook } => (hook.resource.addr, hook.action?, "failed"),
            Line::StateLockAcquire => {
                let note = "waiting for Terraform's own lock on the state".to_owned();
                return Some(Event::StepNote { step: stack.to_string(), note });
            }
            Line::Other => return None,
        };
        Some(Event::Resource { stack: stack.clone(), address, action, state: state.to_owned() })
    }

    /// The errors alone.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
    }

    fn keep(&mut self, stack: &StackId, diagnostic: Diagnostic) -> Option<Event> {
        let tell = !diagnostic.is_error() && !EXPECTED.contains(&diagnostic.summary.as_str());
        let warning = tell.then(|| Event::Warning { text: format!("{stack}: {}", diagnostic.text()) });
        self.diagnostics.push(diagnostic);
        warning
    }

    fn keep_plain(&mut self, line: &str) {
        if self.plain.len() + line.len() < PLAIN_LIMIT {
            self.plain.push_str(line);
            self.plain.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> Option<Event> {
        Said::default().line(&StackId::Foundation, line)
    }

    fn resource(action: &str, state: &str) -> Option<Event> {
        let (stack, address) = (StackId::Foundation, "a.b[\"c\"]".to_owned());
        Some(Event::Resource { stack, address, action: action.to_owned(), state: state.to_owned() })
    }

    #[test]
    fn each_kind_of_progress_is_told() {
        let addr = r#""resource":{"addr":"a.b[\"c\"]","module":"","resource_key":"c"}"#;
        let cases = [
            ("planned_change", "change", r#","action":"create""#, resource("create", "planned")),
            ("resource_drift", "change", r#","action":"update""#, resource("update", "drifted")),
            ("refresh_start", "hook", "", resource("refresh", "started")),
            ("refresh_complete", "hook", "", resource("refresh", "done")),
            ("apply_start", "hook", r#","action":"delete""#, resource("delete", "started")),
            ("apply_progress", "hook", r#","action":"delete","elapsed_seconds":10"#, resource("delete", "running")),
            ("apply_complete", "hook", r#","action":"delete""#, resource("delete", "done")),
            ("apply_errored", "hook", r#","action":"delete""#, resource("delete", "failed")),
            ("provision_start", "hook", r#","provisioner":"x""#, None),
        ];
        for (kind, field, more, expected) in cases {
            let line = format!(r#"{{"@level":"info","type":"{kind}","{field}":{{{addr}{more}}}}}"#);
            assert_eq!(event(&line), expected, "{line}");
        }
    }

    #[test]
    fn waiting_is_told() {
        let note = "waiting for Terraform's own lock on the state".to_owned();
        let line = r#"{"@level":"info","@message":"Acquiring state lock.","type":"state_lock_acquire"}"#;
        assert_eq!(event(line), Some(Event::StepNote { step: "foundation".into(), note }));
    }

    #[test]
    fn errors_are_kept_and_warnings_are_told() {
        let mut said = Said::default();
        let line = |severity: &str, summary: &str| {
            format!(
                r#"{{"type":"diagnostic","diagnostic":{{"severity":"{severity}","summary":"{summary}","detail":""}}}}"#
            )
        };
        let stack = StackId::Pool("w".into());
        assert_eq!(said.line(&stack, &line("error", "broken")), None);
        assert_eq!(said.line(&stack, &line("warning", "old")), Some(Event::Warning { text: "pool-w: old".into() }));
        assert_eq!(said.line(&stack, &line("warning", EXPECTED[0])), None);
        let errors: Vec<&str> = said.errors().map(|error| error.summary.as_str()).collect();
        assert_eq!(errors, ["broken"]);
    }

    #[test]
    fn plain_text_is_kept_within_bounds() {
        let mut said = Said::default();
        for _ in 0..10_000 {
            assert_eq!(said.line(&StackId::Foundation, "panic: runtime error"), None);
        }
        assert!(said.plain.starts_with("panic: runtime error\n"));
        assert!(said.plain.len() <= PLAIN_LIMIT);
    }
}

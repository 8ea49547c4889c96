//! The one error that people and pipelines see: its kind decides the exit code, its hints say what to do next.

use std::fmt;

/// What sort of end this is. Each has an exit code of its own, which pipelines rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something did not work; nothing more is known about it.
    Failed,
    /// The cluster file is not valid.
    InvalidFile,
    /// Another run holds the cluster's lock.
    LockHeld,
    /// Blocked, or refused because it would not be safe. Nothing was destroyed.
    Refused,
    /// A part is done and a part is not; `scaler status` says what remains.
    Partial,
    /// The command line is wrong.
    Usage,
    /// A signal ended it.
    Interrupted,
}

impl Kind {
    /// The process exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::InvalidFile => 3,
            Kind::LockHeld => 4,
            Kind::Refused => 5,
            Kind::Partial => 6,
            Kind::Usage => 64,
            Kind::Interrupted => 130,
        }
    }
}

/// An error as a person reads it: what happened and to what, why (outermost cause first), and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    pub what: String,
    pub causes: Vec<String>,
    pub hints: Vec<String>,
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub fn new(kind: Kind, what: impl Into<String>) -> Failure {
        Failure { kind, what: what.into(), causes: Vec::new(), hints: Vec::new() }
    }

    pub fn failed(what: impl Into<String>) -> Failure {
        Failure::new(Kind::Failed, what)
    }

    pub fn refused(what: impl Into<String>) -> Failure {
        Failure::new(Kind::Refused, what)
    }

    /// Adds a cause below those that are there.
    pub fn because(mut self, cause: impl fmt::Display) -> Failure {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds an error and everything below it as causes.
    pub fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Many error types repeat their source in their own text; once is enough for a reader.
            if !self.causes.last().is_some_and(|last| last.contains(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds one thing that the reader can do.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Puts a wider statement on top; what was said so far becomes its first cause.
    pub fn context(mut self, what: impl Into<String>) -> Failure {
        let inner = std::mem::replace(&mut self.what, what.into());
        self.causes.insert(0, inner);
        self
    }

    /// With what can be done about it, for where one line has to say both.
    pub fn with_hints(&self) -> String {
        match self.hints.is_empty() {
            true => self.to_string(),
            false => format!("{self} ({})", self.hints.join("; ")),
        }
    }

    pub fn with_kind(mut self, kind: Kind) -> Failure {
        self.kind = kind;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_keeps_the_order_of_causes() {
        let failure = Failure::failed("b").because("c").context("a");
        assert_eq!(failure.to_string(), "a: b: c");
    }

    #[test]
    fn one_line_can_say_what_to_do_too() {
        let failure = Failure::failed("b").because("c");
        assert_eq!(failure.with_hints(), "b: c");
        assert_eq!(failure.hint("do d").hint("or e").with_hints(), "b: c (do d; or e)");
    }

    #[test]
    fn every_kind_has_the_exit_code_of_the_contract() {
        let codes = [
            (Kind::Failed, 1),
            (Kind::InvalidFile, 3),
            (Kind::LockHeld, 4),
            (Kind::Refused, 5),
            (Kind::Partial, 6),
            (Kind::Usage, 64),
            (Kind::Interrupted, 130),
        ];
        for (kind, code) in codes {
            assert_eq!(kind.exit_code(), code);
        }
    }
}

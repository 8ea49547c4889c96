//! What was found, check by check.

use serde::Serialize;

use crate::model::failure::Failure;
use crate::ops::ports::probe::{Answer, Probed};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// Not looked at, or not to be found out; no fault.
    Skipped,
    /// It works, and may hurt one day.
    Warn,
    /// Something will not work.
    Fail,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: String,
    pub status: Status,
    /// What was found.
    pub detail: String,
    /// What to do about it; None where nothing is to be done.
    pub fix: Option<String>,
}

impl Check {
    pub fn new(name: impl Into<String>, status: Status, detail: impl Into<String>) -> Check {
        Check { name: name.into(), status, detail: detail.into(), fix: None }
    }

    pub fn ok(name: impl Into<String>, detail: impl Into<String>) -> Check {
        Check::new(name, Status::Ok, detail)
    }

    pub fn skipped(name: impl Into<String>, detail: impl Into<String>) -> Check {
        Check::new(name, Status::Skipped, detail)
    }

    /// A failure with all that it knows.
    pub fn failed(name: impl Into<String>, failure: &Failure) -> Check {
        let fix = (!failure.hints.is_empty()).then(|| failure.hints.join("; "));
        Check { fix, ..Check::new(name, Status::Fail, failure.to_string()) }
    }

    pub fn fix(mut self, fix: impl Into<String>) -> Check {
        self.fix = Some(fix.into());
        self
    }

    /// `bad` says how much it matters when the answer is not good.
    pub(super) fn probed(group: &str, probed: Probed, bad: Status) -> Check {
        let name = format!("{group}: {}", probed.name);
        match probed.answer {
            Answer::Good => Check::ok(name, "yes"),
            Answer::Bad(why) => Check::new(name, bad, why).fix(probed.fix),
            Answer::Unclear(why) => Check::skipped(name, why),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub format: u32,
    pub checks: Vec<Check>,
}

impl Report {
    /// The worst of all checks decides the exit code: [`Status::Fail`] is a failure.
    pub fn worst(&self) -> Status {
        self.checks.iter().map(|check| check.status).max().unwrap_or(Status::Ok)
    }
}

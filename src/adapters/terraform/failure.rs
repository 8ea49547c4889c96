//! The error that a failed run of Terraform is.

use super::diagnostics::{Diagnostic, Severity};
use super::explain::{Explanation, explain};
use super::lock_info;
use super::news::Said;
use crate::adapters::process::{Finished, StoppedBy};
use crate::model::failure::{Failure, Kind};
use crate::model::redact::Redactor;
use crate::model::state_lock::StateLock;

/// How many errors are quoted: a cloud that refuses refuses each of a thousand machines in the same words.
const QUOTED: usize = 8;

/// `what` says what could not be done and to which stack; `kind` holds unless it was stopped.
pub fn failure(what: &str, kind: Kind, finished: &Finished, said: &Said, redactor: &Redactor) -> Failure {
    let errors: Vec<&Diagnostic> = said.errors().filter(|error| !is_preamble(error)).collect();
    let lock = errors.iter().find_map(|error| lock_info::of(error));
    let explanation = match (&lock, finished.stopped) {
        // What an interrupted Terraform complains about is the interruption.
        (_, Some(_)) => None,
        (Some(lock), None) => Some(locked(lock)),
        (None, None) => explain(errors.iter().copied()),
    };
    let what = match (&explanation, finished.stopped) {
        (_, Some(StoppedBy::Interrupt)) => format!("{what}: it was interrupted"),
        (_, Some(StoppedBy::LostLease)) => format!("{what}: it was stopped because the cluster's lock was lost"),
        (Some(explanation), None) => format!("{what}: {}", explanation.title),
        (None, None) => what.to_owned(),
    };
    let mut failure = Failure::new(kind_of(kind, finished), what);
    for cause in quoted(&errors, redactor) {
        failure = failure.because(cause);
    }
    if errors.is_empty() {
        let ended = finished.failure();
        let plain = redactor.redact(said.plain.trim());
        let causes =
            [ended.what].into_iter().chain(ended.causes).chain((!plain.is_empty()).then(|| plain.into_owned()));
        failure.causes.extend(causes);
    }
    failure.hints.extend(explanation.map(|explanation| explanation.hint));
    failure
}

/// Of a command that has no machine-readable output: its text is all there is.
pub fn plain_failure(what: &str, finished: &Finished) -> Failure {
    let text = unboxed(&finished.stderr());
    let as_one = Diagnostic {
        severity: Severity::Error,
        summary: text.clone(),
        detail: String::new(),
        address: None,
        range: None,
    };
    let explanation = if finished.stopped.is_none() { explain([&as_one]) } else { None };
    let ended = finished.failure();
    let what = match &explanation {
        Some(explanation) => format!("{what}: {}", explanation.title),
        None => what.to_owned(),
    };
    let mut failure = Failure::new(kind_of(Kind::Failed, finished), what).because(ended.what);
    failure.causes.extend((!text.is_empty()).then_some(text));
    failure.hints.extend(explanation.map(|explanation| explanation.hint));
    failure
}

/// Without the frame that Terraform draws around its errors.
fn unboxed(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start_matches(['╷', '│', '╵', ' ']).trim_end());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Says only that there are other errors.
fn is_preamble(error: &Diagnostic) -> bool {
    error.summary.contains(" encountered problems during initialisation")
}

fn kind_of(kind: Kind, finished: &Finished) -> Kind {
    match (kind, finished.stopped) {
        // What was begun stays begun, whoever stopped it.
        (Kind::Partial, _) | (_, Some(StoppedBy::LostLease)) => Kind::Partial,
        (_, Some(StoppedBy::Interrupt)) => Kind::Interrupted,
        (kind, None) => kind,
    }
}

fn locked(lock: &StateLock) -> Explanation {
    Explanation {
        title: format!("{} holds Terraform's own lock on the state since {}", lock.who, lock.created),
        hint: format!(
            "if that run ({}) still goes on, wait for its end; if it died, `scaler status` tells what it left, and \
             `terraform force-unlock {}` in a folder with this stack's files (`scaler render`) removes its lock",
            lock.operation, lock.id
        ),
    }
}

/// Each different error once, without secrets.
fn quoted(errors: &[&Diagnostic], redactor: &Redactor) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut more = 0;
    for error in errors {
        let text = redactor.redact(&error.text()).into_owned();
        if texts.contains(&text) {
            continue;
        }
        if texts.len() < QUOTED {
            texts.push(text);
        } else {
            more += 1;
        }
    }
    if more > 0 {
        texts.push(format!("and {more} more errors"));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::process::Status;
    use crate::model::names::StackId;

    fn said(summaries: &[&str]) -> Said {
        let mut said = Said::default();
        for summary in summaries {
            let diagnostic = serde_json::json!({ "severity": "error", "summary": summary, "detail": "" });
            let line = serde_json::json!({ "type": "diagnostic", "diagnostic": diagnostic });
            said.line(&StackId::Foundation, &line.to_string());
        }
        said
    }

    fn of(kind: Kind, stopped: Option<StoppedBy>, summaries: &[&str]) -> Failure {
        let finished = Finished::of("terraform apply", Status::Exited(1), stopped);
        failure("it failed", kind, &finished, &said(summaries), &Redactor::default())
    }

    #[test]
    fn each_error_is_quoted_once_and_a_flood_is_cut() {
        let failure = of(Kind::Failed, None, &["a", "b", "a"]);
        assert_eq!(failure.causes, ["a", "b"]);
        let many: Vec<String> = (0..QUOTED + 3).map(|number| format!("error {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let failure = of(Kind::Failed, None, &many);
        assert_eq!(failure.causes.len(), QUOTED + 1);
        assert_eq!(failure.causes[QUOTED], "and 3 more errors");
    }

    #[test]
    fn the_kind_says_whether_something_was_begun() {
        use StoppedBy::{Interrupt, LostLease};
        for (given, stopped, expected) in [
            (Kind::Failed, None, Kind::Failed),
            (Kind::Failed, Some(Interrupt), Kind::Interrupted),
            (Kind::Failed, Some(LostLease), Kind::Partial),
            (Kind::Partial, None, Kind::Partial),
            (Kind::Partial, Some(Interrupt), Kind::Partial),
        ] {
            assert_eq!(of(given, stopped, &[]).kind, expected, "{given:?} {stopped:?}");
        }
    }

    #[test]
    fn a_known_cause_is_explained_unless_the_run_was_stopped() {
        let failure = of(Kind::Failed, None, &["api error ExpiredToken: x"]);
        assert_eq!(failure.what, "it failed: the login has expired");
        assert_eq!(failure.hints.len(), 1);
        let failure = of(Kind::Failed, Some(StoppedBy::Interrupt), &["api error ExpiredToken: x"]);
        assert_eq!(failure.what, "it failed: it was interrupted");
        assert_eq!((failure.hints.len(), failure.causes.len()), (0, 1));
    }

    #[test]
    fn without_an_error_of_terraforms_the_end_itself_is_the_cause() {
        let failure = of(Kind::Failed, None, &["Terraform encountered problems during initialisation, including"]);
        assert_eq!(failure.causes, ["`terraform apply` failed with exit code 1"]);
    }

    #[test]
    fn plain_text_is_explained_too_and_loses_its_frame() {
        let text = "╷\n│ Error: Failed to load state: \n│ \n│ api error ExpiredToken: x\n╵\n";
        let finished = Finished::of("terraform state", Status::Exited(1), None).with_stderr(text);
        let failure = plain_failure("no state", &finished);
        assert_eq!(failure.what, "no state: the login has expired");
        assert_eq!(failure.causes[1], "Error: Failed to load state:\napi error ExpiredToken: x");
    }
}

//! The error that a failed run of Terraform is.

use super::diagnostics::Diagnostic;
use super::explain::{Explanation, explain};
use super::lock_info::{self, StateLock};
use super::news::Said;
use crate::adapters::process::{Finished, StoppedBy};
use crate::model::failure::{Failure, Kind};
use crate::model::redact::Redactor;

/// How many errors are quoted: a cloud that refuses refuses each of a thousand machines in the same words.
const QUOTED: usize = 8;

/// `what` says what could not be done and to which stack; `kind` holds unless it was stopped.
pub fn failure(what: &str, kind: Kind, finished: &Finished, said: &Said, redactor: &Redactor) -> Failure {
    let errors: Vec<&Diagnostic> = said.errors().collect();
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
             `scaler state unlock` removes its lock (ID {})",
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

//! The API server's errors, and those of the way to it, in words.

use kube::core::Status;

use crate::model::failure::{Failure, Kind};

/// The cause by which a missing object is told from other errors.
pub const NOT_FOUND: &str = "the server knows no such object";

/// The cause by which a list whose pages expired is told from other errors.
pub const EXPIRED: &str = "the pages of the list expired (410)";

/// A failed read, and whether it may go better in a moment.
pub struct Trouble {
    pub failure: Failure,
    pub passes: bool,
}

impl Trouble {
    pub fn passing(failure: Failure) -> Trouble {
        Trouble { failure, passes: true }
    }

    pub fn lasting(failure: Failure) -> Trouble {
        Trouble { failure, passes: false }
    }
}

pub enum WriteError {
    Answer(kube::Error),
    /// It may have been done or not.
    NoAnswer,
}

impl WriteError {
    /// The server's refusal, if it is one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            WriteError::Answer(kube::Error::Api(status)) => Some(status),
            _ => None,
        }
    }

    pub fn failure(&self, what: &str, server: &str) -> Failure {
        match self {
            WriteError::Answer(error) => read(what, server, error).failure,
            WriteError::NoAnswer => Failure::failed(format!("{what}: {server} did not answer in time"))
                .because("whether it was done is not known; it is looked at again before anything else happens"),
        }
    }
}

/// What went wrong with a read.
pub fn read(what: &str, server: &str, error: &kube::Error) -> Trouble {
    match error {
        kube::Error::Api(status) => answered(what, server, status),
        error => Trouble::passing(
            Failure::failed(format!("{what} failed: {server} cannot be reached"))
                .caused_by(error)
                .hint("`scaler doctor` looks at the way to the cluster"),
        ),
    }
}

fn answered(what: &str, server: &str, status: &Status) -> Trouble {
    let told = if status.message.is_empty() { &status.reason } else { &status.message };
    match status.code {
        401 => Trouble::lasting(
            Failure::new(Kind::Refused, format!("{what} was refused: {server} does not accept this login"))
                .because(told)
                .hint("log in again, or name another kubeconfig with --kubeconfig"),
        ),
        403 => Trouble::lasting(
            Failure::new(Kind::Refused, format!("{what} was refused: this login lacks the right")).because(told).hint(
                "grant it by a ClusterRole; `scaler doctor` lists every right that is needed, and which are missing",
            ),
        ),
        404 => Trouble::lasting(Failure::failed(format!("{what} failed")).because(NOT_FOUND)),
        410 => Trouble::lasting(Failure::failed(format!("{what} failed")).because(EXPIRED)),
        code @ (429 | 500..=599) => Trouble::passing(
            Failure::failed(format!("{what} failed: {server} is overloaded or away (HTTP {code})")).because(told),
        ),
        code => Trouble::lasting(Failure::failed(format!("{what} failed (HTTP {code})")).because(told)),
    }
}

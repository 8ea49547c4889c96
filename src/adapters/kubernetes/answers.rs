//! What the API server's refusals of our writes mean. Pinned by the lab's suite against a real server.

use kube::core::Status;

use super::errors::WriteError;
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{Eviction, Patched, Pod};

/// The cause by which a 429 is told to be a budget's.
const DISRUPTION_BUDGET: &str = "DisruptionBudget";
/// What an authorizer says, and no admission: `User "x" cannot create resource "pods/eviction" in API group …`.
const NO_RIGHT: &str = "cannot create resource";
/// The cause of a 403 in a namespace that is going.
const NAMESPACE_TERMINATING: &str = "NamespaceTerminating";

pub fn eviction(error: WriteError, pod: &Pod, server: &str) -> Result<Eviction> {
    let what = format!("evicting pod {}", pod.title());
    let Some(status) = error.status() else {
        // Lost on the way: asking again is safe, the UID is a precondition.
        return Ok(Eviction::Later(error.failure(&what, server).to_string()));
    };
    match status.code {
        404 => Ok(Eviction::Gone),
        409 if status.message.contains("UID") || status.message.contains("uid") => Ok(Eviction::Replaced),
        409 => Ok(Eviction::Later(status.message.clone())),
        429 => {
            let budget: Vec<String> = causes(status)
                .filter(|(reason, _)| *reason == DISRUPTION_BUDGET)
                .map(|(_, message)| message.to_owned())
                .collect();
            let later = budget.is_empty();
            Ok(if later { Eviction::Later(status.message.clone()) } else { Eviction::Budget(budget) })
        }
        500 if status.message.contains("more than one PodDisruptionBudget") => {
            Ok(Eviction::SeveralBudgets(status.message.clone()))
        }
        403 if causes(status).any(|(reason, _)| reason == NAMESPACE_TERMINATING)
            || status.message.contains("because it is being terminated") =>
        {
            Ok(Eviction::NamespaceTerminating)
        }
        401 => Err(error.failure(&what, server)),
        403 if status.message.contains(NO_RIGHT) => Err(error.failure(&what, server)),
        // Overloaded, away, or an admission webhook or policy that says no, by whatever code it likes: it may change its
        // mind until the deadline, and its words are told then.
        _ => Ok(Eviction::Later(status.message.clone())),
    }
}

pub fn patched(error: WriteError, what: &str, server: &str) -> Result<Patched> {
    match error.status().map(|status| status.code) {
        Some(404) => Ok(Patched::Gone),
        Some(409) => Ok(Patched::Conflict),
        // A patch that names another UID under the present resourceVersion is invalid, not a conflict.
        Some(422) if error.status().is_some_and(names_another_uid) => Ok(Patched::Conflict),
        _ => Err(error.failure(what, server)),
    }
}

fn names_another_uid(status: &Status) -> bool {
    let details = status.details.as_ref();
    details.is_some_and(|details| details.causes.iter().any(|cause| cause.field == "metadata.uid"))
}

/// None where the object is not there any more, under this name or with this UID.
pub fn deletion(error: WriteError, what: &str, server: &str) -> Option<Failure> {
    match error.status().map(|status| status.code) {
        Some(404 | 409) => None,
        _ => Some(error.failure(what, server)),
    }
}

fn causes(status: &Status) -> impl Iterator<Item = (&str, &str)> {
    let details = status.details.as_ref();
    details.into_iter().flat_map(|details| &details.causes).map(|cause| (cause.reason.as_str(), cause.message.as_str()))
}

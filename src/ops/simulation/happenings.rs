//! What befalls worlds, by name: a life that never comes to something proves nothing about it.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// How often each happened.
#[derive(Default)]
pub struct Happenings(Mutex<BTreeMap<&'static str, u64>>);

impl Happenings {
    pub fn note(&self, what: &'static str) {
        assert!(ALL.contains(&what), "`{what}` is in no list of what happens");
        *self.0.lock().unwrap().entry(what).or_default() += 1;
    }

    pub fn told(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap().clone()
    }
}

/// All of it. Each has to happen in a thousand lives.
pub const ALL: [&str; 44] = [
    "a scaler was killed alone",
    "a scaler was killed with its tree",
    "a machine slept",
    "a machine slept with a request on its way",
    "a machine woke up while its operation was taken over",
    "a scaler lost the store",
    "a scaler lost the store in the middle of an apply",
    "a scaler's disk was full",
    "Terraform could not save what it did",
    "a first signal came before every point of no return",
    "a first signal came past a point of no return",
    "a second signal came before every point of no return",
    "a second signal interrupted an apply",
    "the API server was away",
    "a clock was set back",
    "a clock was set ahead",
    "the store lost an answer",
    "the store did not answer in time",
    "a write took effect after its scaler had given it up",
    "a record came too late",
    "a machine vanished",
    "several machines vanished",
    "several machines were retired with consent",
    "the cloud lost sight of a machine that runs",
    "a machine was refused",
    "the making of a machine was broken off",
    "a machine joined late",
    "a machine never joined",
    "a machine ended that had never joined",
    "a machine ran on and could not be reached",
    "a machine ended that runs and could not be reached",
    "tags of a machine were changed",
    "a person uncordoned a victim",
    "a pod came to a node that was drained",
    "a pod was made again under its name",
    "somebody else held Terraform's lock",
    "who had run an operation that was cut off held Terraform's lock by hand",
    "a lock was freed by hand",
    "a budget let nothing go",
    "victims were spared",
    "a machine joined at boot",
    "a join file could not be removed",
    "a machine was reset before its end",
    "a run of the playbooks was broken off",
];

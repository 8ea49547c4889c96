//! The order of things at the end of a machine, from what both servers were asked.

use std::collections::{BTreeMap, BTreeSet};

use scaler_lab::{AuditEvent, Recorded, wait_for};

use super::agreement::Machines;
use super::cluster::Aws;
use crate::world::workload;

/// Node → its pods.
pub type Pods = BTreeMap<String, BTreeSet<String>>;

/// Ten pods on the pool, of which one at a time may be away.
pub struct Workload {
    pub namespace: String,
}

impl Workload {
    pub fn start(aws: &Aws) -> Workload {
        let namespace = aws.k.namespace("aws");
        aws.k.apply(&workload(&namespace, &aws.pool, 10, 1));
        Workload { namespace }
    }

    /// Where its pods are, once all run.
    pub fn placed(&self, aws: &Aws) -> Pods {
        wait_for("the workload to run", || {
            let mut pods = Pods::new();
            let list = aws.k.get(&format!("/api/v1/namespaces/{}/pods", self.namespace));
            for pod in list["items"].as_array().expect("a list") {
                if pod["status"]["phase"] != "Running" || !pod["metadata"]["deletionTimestamp"].is_null() {
                    continue;
                }
                let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
                pods.entry(text(&pod["spec"]["nodeName"])).or_default().insert(text(&pod["metadata"]["name"]));
            }
            (pods.values().map(BTreeSet::len).sum::<usize>() == 10).then_some(pods)
        })
    }
}

impl Aws {
    /// Every one of these machines was terminated, only after the last eviction on its node was answered; no other was.
    /// `pods` is where they were before, `since` the number of requests to AWS before.
    #[track_caller]
    pub fn assert_drained_before_terminated(&self, removed: &Machines, pods: &Pods, since: usize) {
        let audit = self.k.audit();
        let requests = self.moto.requests();
        let mut terminated = BTreeSet::new();
        for request in requests[since..].iter().filter(|request| request.action == "TerminateInstances") {
            for id in machines_of(request) {
                let (node, _) = removed.iter().find(|(_, machine)| **machine == id).expect("a machine that was to go");
                for pod in pods.get(node).into_iter().flatten() {
                    let answered = evicted(&audit, pod).unwrap_or_else(|| panic!("{node}: {pod} was not evicted"));
                    assert!(answered < request.at, "{node} was terminated before the eviction of {pod} was answered");
                }
                terminated.insert(node.clone());
            }
        }
        assert_eq!(terminated, removed.keys().cloned().collect(), "what was terminated");
    }
}

/// When the eviction that the API server granted was answered.
fn evicted(audit: &[AuditEvent], pod: &str) -> Option<i64> {
    let granted =
        |event: &&AuditEvent| event.subresource == "eviction" && event.name == pod && (200..300).contains(&event.code);
    audit.iter().filter(granted).map(|event| event.answered).max()
}

fn machines_of(request: &Recorded) -> impl Iterator<Item = String> + '_ {
    let ids = request.params.iter().filter(|(name, _)| name.starts_with("InstanceId."));
    ids.map(|(_, id)| id.clone())
}

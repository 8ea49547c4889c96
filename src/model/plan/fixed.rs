//! What of a cluster file may change, compared with the file that was applied last.

use super::decide::{Inputs, tags_changed};
use crate::model::failure::{Failure, Result};
use crate::model::file::{ClusterFile, Provisioning};
use crate::model::names::StackId;
use crate::model::record::{Record, Source};

/// Refuses (exit 5) what cannot change once the cluster stands, or a part of it.
pub(super) fn refuse(inputs: &Inputs, previous: &ClusterFile, record: &Record) -> Result<()> {
    // Only what stores the file stores the key: a colleague who has another one at the same path may scale and destroy.
    let key = inputs
        .request
        .brings_file()
        .then(|| forbidden_key((previous, &record.source), (inputs.file, &inputs.source)))
        .flatten();
    let mut failure = Failure::refused("the cluster file changes what cannot change once a cluster stands");
    failure.causes = forbidden_changes(previous, inputs.file);
    failure.causes.extend(key.clone());
    if !record.stacks.contains_key(&StackId::Foundation) && tags_changed(inputs, &StackId::Foundation) {
        failure.causes.push("`tags` can change only when the foundation is finished".into());
    }
    if failure.causes.is_empty() {
        return Ok(());
    }
    let failure = failure.hint("put the former values back, or make a new cluster beside this one");
    Err(match key {
        Some(_) => failure.hint("to let another key in: add it to `authorized_keys` on the machines"),
        None => failure,
    })
}

/// The fields that cannot change once the cluster stands, with what they were and what they are now.
fn forbidden_changes(before: &ClusterFile, after: &ClusterFile) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |path: &str, before: String, after: String| {
        if before != after {
            found.push(format!("`{path}` was {before} and is now {after}"));
        }
    };
    compare("name", before.name.clone(), after.name.clone());
    compare("provider", before.provider.to_string(), after.provider.to_string());
    compare("region", before.region.clone(), after.region.clone());
    compare("network.cidr", before.network.cidr.to_string(), after.network.cidr.to_string());
    compare("network.zones", before.network.zones.join(", "), after.network.zones.join(", "));
    compare("network.private", before.network.private.to_string(), after.network.private.to_string());
    compare("network.adminCidrs", listed(&before.network.admin_cidrs), listed(&after.network.admin_cidrs));
    let allow = |file: &ClusterFile| {
        let rules = file.network.allow.iter();
        listed(&rules.map(|rule| format!("{} from {}", rule.port, rule.from)).collect::<Vec<_>>())
    };
    compare("network.allow", allow(before), allow(after));
    let pod_cidr = |file: &ClusterFile| file.kubernetes.pod_network.cidr.to_string();
    compare("kubernetes.podNetwork.cidr", pod_cidr(before), pod_cidr(after));
    compare("controlPlane.count", before.control_plane.count.to_string(), after.control_plane.count.to_string());
    let endpoint = |file: &ClusterFile| file.control_plane.endpoint.dns.clone().unwrap_or("a load balancer".into());
    compare("controlPlane.endpoint", endpoint(before), endpoint(after));
    compare("sandbox.register", before.sandbox.register.clone(), after.sandbox.register.clone());
    found
}

/// The same of the SSH key: it is fixed by its text, wherever its file lies.
fn forbidden_key(before: (&ClusterFile, &Source), after: (&ClusterFile, &Source)) -> Option<String> {
    (public_key(before) != public_key(after))
        .then(|| "`ssh.publicKeyFile` holds another key than the one that the machines were made with".to_owned())
}

/// Empty if there is none.
fn public_key<'a>((file, source): (&ClusterFile, &'a Source)) -> &'a str {
    let stored = file.ssh.public_key_file.as_ref().and_then(|path| source.files.get(path));
    stored.map(|stored| stored.text.trim()).unwrap_or_default()
}

fn listed<T: ToString>(values: &[T]) -> String {
    format!("[{}]", values.iter().map(T::to_string).collect::<Vec<_>>().join(", "))
}

/// Changes that hold for new nodes only, in words.
pub fn notes(before: &ClusterFile, after: &ClusterFile) -> Vec<String> {
    let mut notes = Vec::new();
    for pool in &after.pools {
        let Some(old) = before.pool(&pool.name) else { continue };
        let mut changed = Vec::new();
        if old.machine != pool.machine {
            changed.push("machine");
        }
        if old.image != pool.image {
            changed.push("image");
        }
        if old.disk != pool.disk {
            changed.push("disk");
        }
        if old.capacity != pool.capacity {
            changed.push("capacity");
        }
        if old.kubelet != pool.kubelet {
            changed.push("kubelet");
        }
        if old.provisioning != pool.provisioning && [old, pool].iter().any(|it| it.provisioning == Provisioning::Boot) {
            changed.push("provisioning");
        }
        if !changed.is_empty() {
            let fields = changed.join(", ");
            notes.push(format!(
                "pool `{}`: the new {fields} applies to new nodes only; those that stand keep theirs",
                pool.name
            ));
        }
    }
    let plane = (&before.control_plane.machine, &before.control_plane.image, &before.control_plane.disk);
    if plane != (&after.control_plane.machine, &after.control_plane.image, &after.control_plane.disk) {
        notes.push("the control plane's machines keep their machine type, image and disk".into());
    }
    if before.kubernetes.version != after.kubernetes.version {
        notes.push(format!("Kubernetes {} applies to new nodes only", after.kubernetes.version));
    }
    notes
}

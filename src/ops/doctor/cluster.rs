//! The cluster's API: whether it answers, is the right one, and grants what is needed.

use super::check::{Check, Status};
use crate::model::failure::{Failure, Result};
use crate::model::file::ClusterFile;
use crate::model::kubernetes::{JOINING, RIGHTS, Right};
use crate::model::record::Record;
use crate::ops::ports::Kubernetes;

pub(super) async fn checks(
    kubernetes: Result<&dyn Kubernetes, &Failure>,
    file: &ClusterFile,
    record: Option<&Record>,
) -> Vec<Check> {
    let kubernetes = match kubernetes {
        Ok(kubernetes) => kubernetes,
        Err(failure) => return vec![unreachable(failure, record)],
    };
    let (version, identity) = futures::join!(kubernetes.server_version(), kubernetes.identity());
    let version = match version {
        Ok(version) => version,
        Err(failure) => return vec![unreachable(&failure, record)],
    };
    let mut checks = vec![check_version(&version, file)];
    checks.push(check_identity(identity, record));
    checks.push(check_rights(kubernetes, file).await);
    checks
}

/// Before the first apply there is no cluster to reach.
fn unreachable(failure: &Failure, record: Option<&Record>) -> Check {
    match record {
        Some(_) => Check::failed("cluster", failure),
        None => Check::skipped("cluster", format!("there is none yet, and none is reached ({failure})")),
    }
}

fn check_version(version: &str, file: &ClusterFile) -> Check {
    let wanted = &file.kubernetes.version;
    let detail = format!("Kubernetes {version}");
    if version.trim_start_matches('v').split(['+', '-']).next() == Some(&format!("{wanted}")) {
        return Check::ok("cluster", detail);
    }
    Check::new("cluster", Status::Warn, format!("{detail}, and the cluster file says {wanted}"))
        .fix("correct `kubernetes.version`: new nodes are made for the version of the file")
}

fn check_identity(identity: Result<String>, record: Option<&Record>) -> Check {
    let name = "cluster identity";
    let uid = match identity {
        Ok(uid) => uid,
        Err(failure) => return Check::failed(name, &failure),
    };
    match record.and_then(|record| record.kube_system_uid.as_deref()) {
        Some(known) if known == uid => Check::ok(name, "it is the cluster of the record"),
        Some(known) => Check::new(
            name,
            Status::Fail,
            format!("this is another cluster: its namespace kube-system has the UID {uid}, the record says {known}"),
        )
        .fix("name the right kubeconfig: --kubeconfig, or `access.kubeconfig` of the cluster file"),
        None => Check::ok(
            name,
            "the record does not know its cluster yet, and learns it when one of its machines has joined, or scaler has made it",
        ),
    }
}

async fn check_rights(kubernetes: &dyn Kubernetes, file: &ClusterFile) -> Check {
    let name = "cluster rights";
    let joining = if file.lets_machines_join() { JOINING } else { &[] };
    let needed: Vec<&Right> = RIGHTS.iter().chain(joining).collect();
    let answers = futures::future::join_all(needed.iter().map(|right| kubernetes.can_i(right))).await;
    let mut missing = Vec::new();
    for (right, answer) in needed.iter().zip(answers) {
        match answer {
            Ok(true) => {}
            Ok(false) => missing.push(format!("`{right}`, needed to {}", right.reason)),
            Err(failure) => return Check::failed(name, &failure),
        }
    }
    if missing.is_empty() {
        return Check::ok(name, format!("all {} that are needed", needed.len()));
    }
    Check::new(name, Status::Fail, format!("missing: {}", missing.join("; ")))
        .fix("grant them to whom the kubeconfig names: by a ClusterRole, and those in one namespace by a Role there")
}

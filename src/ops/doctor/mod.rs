//! What is wrong with tools, login, store, cluster and clock, and the fix. Every check runs whatever the others find.

mod check;
mod clock;
mod cluster;
mod login;
mod store;
mod tools;

pub use check::{Check, Report, Status};

use super::images;
use super::ports::Ports;
use super::ports::probe::{BucketProbe, CloudProbe, Tools};
use super::record;
use crate::model::failure::Result;
use crate::model::file::ClusterFile;
use crate::model::record::Record;

/// The format of the report's JSON.
const FORMAT: u32 = 1;

/// Whom to examine.
pub struct Patient<'a> {
    pub file: &'a ClusterFile,
    pub ports: &'a Ports,
    pub tools: &'a dyn Tools,
    /// None where the provider has no login, as the sandbox.
    pub cloud: Option<&'a dyn CloudProbe>,
    /// None where the store is no bucket.
    pub bucket: Option<&'a dyn BucketProbe>,
    /// Whether the store may be written to, to see that it keeps conditions.
    pub write_probe: bool,
}

/// Runs all checks side by side. Changes nothing, unless the store may be written to.
pub async fn examine(patient: &Patient<'_>) -> Report {
    let ports = patient.ports;
    let record = record::load(ports.store.as_ref()).await.map(|found| found.map(|(record, _)| record));
    let known = record.as_ref().ok().and_then(Option::as_ref);
    let kubernetes = ports.kubernetes.as_ref().map(|kubernetes| kubernetes.as_ref());
    let (tools, login, store, cluster, clock) = futures::join!(
        tools::checks(ports.terraform.as_ref(), patient.tools, kubernetes.ok(), !images::used(patient.file).is_empty()),
        login::checks(ports.cloud.as_ref(), patient.cloud, known),
        store::checks(ports.store.as_ref(), ports.clock.as_ref(), patient.bucket, &record, patient.write_probe),
        cluster::checks(kubernetes, patient.file, known),
        clock::check(ports.clock.as_ref(), patient.cloud),
    );
    let checks = [tools, login, store, cluster, vec![clock]].concat();
    Report { format: FORMAT, checks }
}

/// A record that was read, if there is one.
type Found = Result<Option<Record>>;

//! Machines that nobody can log in to.

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::failure::{Failure, Result};
use crate::model::kubeconfig::Kubeconfig;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::provisioner::{Play, Played, Provisioner};
use crate::ops::ports::{Door, Kubernetes};

/// For tests of clusters whose machines join by themselves: it is never to be asked.
pub struct NobodyProvisions;

#[async_trait]
impl Provisioner for NobodyProvisions {
    async fn check(&self) -> Result<()> {
        Err(Failure::failed("there is no Ansible here"))
    }

    async fn play(&self, _: &Play, _: Option<&Lease>, _: &Interrupts) -> Result<Played> {
        self.check().await.map(|()| Played::default())
    }
}

#[async_trait]
impl Door for NobodyProvisions {
    async fn open(&self, _: &Kubeconfig) -> Result<Arc<dyn Kubernetes>> {
        Err(Failure::failed("no access was fetched here"))
    }
}

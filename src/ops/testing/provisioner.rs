//! Machines that nobody can log in to.

use async_trait::async_trait;

use crate::model::failure::{Failure, Result};
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::provisioner::{Play, Played, Provisioner};

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

//! Ansible, as the mortal program reaches it.

use std::sync::Arc;

use async_trait::async_trait;
use scaler::model::failure::Result;
use scaler::ops::interrupts::Interrupts;
use scaler::ops::lease::Lease;
use scaler::ops::ports::provisioner::{Play, Played, Provisioner};

use crate::Fate;
use crate::change::Change;

pub struct MortalProvisioner {
    pub inner: Arc<dyn Provisioner>,
    pub fate: Arc<Fate>,
}

#[async_trait]
impl Provisioner for MortalProvisioner {
    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }

    async fn play(&self, play: &Play, lease: Option<&Lease>, interrupts: &Interrupts) -> Result<Played> {
        self.fate.around(Change::Play, "play", self.inner.play(play, lease, interrupts)).await
    }
}

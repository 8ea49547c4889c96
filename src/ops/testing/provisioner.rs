//! Machines that nobody can log in to, and images that nobody builds.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::model::failure::{Failure, Result};
use crate::model::image::Dialect;
use crate::model::kubeconfig::Kubeconfig;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::images::CloudImage;
use crate::ops::ports::provisioner::{Play, Played, Provisioner};
use crate::ops::ports::{Door, ImageBuilder, Images, Kubernetes};

/// For tests of clusters whose machines join by themselves: it is never to be asked.
pub struct NobodyProvisions;

#[async_trait]
impl Provisioner for NobodyProvisions {
    async fn check(&self) -> Result<()> {
        Err(Failure::failed("there is no Ansible here"))
    }

    async fn play(&self, _: &Play, _: Option<&Lease>, _: &Interrupts) -> Result<Played> {
        Provisioner::check(self).await.map(|()| Played::default())
    }
}

#[async_trait]
impl Door for NobodyProvisions {
    async fn open(&self, _: &Kubeconfig) -> Result<Arc<dyn Kubernetes>> {
        Err(Failure::failed("no access was fetched here"))
    }
}

#[async_trait]
impl Images for NobodyProvisions {
    async fn architecture(&self, _: &str) -> Result<String> {
        Err(Failure::failed("there are no images here"))
    }

    async fn images(&self, _: &[String]) -> Result<Vec<CloudImage>> {
        Err(Failure::failed("there are no images here"))
    }

    async fn built_for(&self, _: &str) -> Result<Vec<CloudImage>> {
        Err(Failure::failed("there are no images here"))
    }

    async fn remains(&self, _: &str) -> Result<Vec<String>> {
        Err(Failure::failed("there are no images here"))
    }

    async fn remove(&self, _: &str, _: &[String]) -> Result<()> {
        Err(Failure::failed("there are no images here"))
    }
}

#[async_trait]
impl ImageBuilder for NobodyProvisions {
    async fn check(&self) -> Result<Dialect> {
        Err(Failure::failed("there is no Packer here"))
    }

    async fn build(&self, _: &BTreeMap<String, Vec<u8>>, _: &str, _: &Interrupts) -> Result<String> {
        Err(Failure::failed("there is no Packer here"))
    }
}

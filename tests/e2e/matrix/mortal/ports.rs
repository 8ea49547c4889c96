//! The ports, with a point before and after each call that changes something outside.
//!
//! No step is forgotten. A new port has to be named in [`mortal`], and a new method of a port has to be written here, or
//! this does not compile; what changes something goes through [`Fate::around`], and so has a [`Change`]; and the matrix
//! fails if one of these never comes in any of its scenarios.

mod cloud;
mod kubernetes;
mod provisioner;
mod store;
mod terraform;

use std::sync::Arc;

use scaler::ops::ports::{Kubernetes, Ports};

use crate::Fate;
use cloud::ReadCloud;
use kubernetes::MortalKubernetes;
use provisioner::MortalProvisioner;
use store::MortalStore;
pub use terraform::MortalProgress;
use terraform::MortalTerraform;

pub fn mortal(ports: Ports, fate: &Arc<Fate>) -> Ports {
    // Clocks change nothing, and what is told has its points already.
    let Ports { store, cloud, terraform, provisioner, images, image_builder, kubernetes, door, clock, progress } =
        ports;
    let kubernetes =
        kubernetes.map(|inner| -> Arc<dyn Kubernetes> { Arc::new(MortalKubernetes { inner, fate: fate.clone() }) });
    Ports {
        store: Arc::new(MortalStore { inner: store, fate: fate.clone() }),
        cloud: Arc::new(ReadCloud(cloud)),
        terraform: Arc::new(MortalTerraform { inner: terraform, fate: fate.clone() }),
        provisioner: Arc::new(MortalProvisioner { inner: provisioner, fate: fate.clone() }),
        // Commands of their own build images and take them away, and change no cluster.
        images,
        image_builder,
        kubernetes,
        // What comes through it is made by the playbooks, in the run that makes the cluster.
        door,
        clock,
        progress,
    }
}

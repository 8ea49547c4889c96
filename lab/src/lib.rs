//! A data centre on loopback, for tests and for people who try scaler.
//!
//! Its parts are real: a Kubernetes control plane ([`Kubernetes`]), an AWS that
//! Terraform's own provider talks to ([`Moto`]), the register in which the
//! sandbox provider's machines live ([`Sandbox`]). The [`Bridge`] does what a
//! machine's boot would do, and a [`FaultProxy`] before any HTTP part makes it
//! slow, rude or forgetful on order.
//!
//! Everything blocks. Helpers for tests panic with what happened, to what, and
//! what to do next; each has a `try_` form where a caller wants the error.
//! Nothing outlives the value that started it, nor the process, however it ends.

mod azurite;
mod boot;
mod bridge;
mod certificate;
mod clock;
mod entra;
mod error;
mod hosts;
mod http;
mod kubernetes;
mod moto;
mod namespace;
mod needs;
mod places;
mod proxy;
mod sandbox;
mod supervised;
mod versity;

pub use azurite::Azurite;
pub use boot::BootCloud;
pub use bridge::{Bridge, BridgeEvent, Happening, Machine, MachineState, Machines};
pub use clock::{now_micros, wait_for};
pub use entra::Entra;
pub use error::LabError;
pub use hosts::{Host, HostBridge, HostOrder, Hosts, Login, Ran};
pub use http::Answer;
pub use kubernetes::{AuditEvent, Client, Kubectl, Kubernetes, NodeSpec, Watch};
pub use moto::{Credentials, Instance, InstanceState, Moto, MotoMachines};
pub use namespace::run_apart;
pub use needs::{Part, has_all};
pub use places::{ansible, moto_server, program, terraform_config, tools};
pub use proxy::{Fault, FaultProxy, Matcher, Recorded};
pub use sandbox::Sandbox;
pub use versity::VersityGateway;

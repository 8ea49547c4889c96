//! Terraform, or OpenTofu.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;

use crate::model::failure::{Failure, Result};
use crate::model::names::StackId;
use crate::model::record::Flavour;
use crate::ops::lease::Lease;

/// One stack's files, ready to be written to an empty folder: path below it → content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    pub id: StackId,
    pub files: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    pub flavour: Flavour,
    pub version: semver::Version,
    pub path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// For a person to look at: read rights only, `-lock=false`.
    Look,
    /// The same, of everything going.
    LookDestroy,
    /// To be applied: under Terraform's own lock.
    Apply,
    /// To be applied: everything goes.
    Destroy,
}

/// A plan that Terraform saved. The file holds secrets: it is 0600, never leaves the machine, and goes with this value.
/// `Any`, so that the implementation that made it knows its own again.
pub trait SavedPlan: std::any::Any + Send + Sync {
    fn stack(&self) -> &StackId;

    /// `terraform show -json` of it, of this very file.
    fn json(&self) -> &Value;
}

/// How an apply ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    Done,
    /// The saved plan no longer fits the state; nothing was done. Plan and guard anew.
    Stale,
    /// Terraform did not get its lock on the state, and so did nothing. Why, in its own words.
    NotBegun(Failure),
}

#[async_trait]
pub trait Terraform: Send + Sync {
    async fn tool(&self) -> Result<Tool>;

    /// Writes the stack's files and initialises it, offline where the provider lies in a mirror. Returns the text of
    /// the dependency lock file that holds afterwards; a given one is used as it is and must not change.
    async fn init(&self, stack: &Stack, lock_file: Option<&str>) -> Result<String>;

    /// Of a stack that was initialised. A plan that Terraform could not finish is an error with Terraform's own text.
    async fn plan(&self, stack: &StackId, mode: PlanMode, lease: Option<&Lease>) -> Result<Box<dyn SavedPlan>>;

    async fn apply(&self, plan: Box<dyn SavedPlan>, lease: &Lease) -> Result<Applied>;

    /// Takes the machine of this id into the state of a stack that was initialised, at this address of its
    /// configuration. Nothing of the machine is changed. An error if the state has the address already.
    async fn import(&self, stack: &StackId, address: &str, id: &str, lease: &Lease) -> Result<()>;

    /// Takes back that what is at this address has to be replaced, because its making was broken off.
    async fn untaint(&self, stack: &StackId, address: &str, lease: &Lease) -> Result<()>;
}

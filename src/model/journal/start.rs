//! The first entry: everything that is needed to finish or undo the operation without the machine that began it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Part;
use crate::model::lock::Holder;
use crate::model::machine::Place;
use crate::model::names::NodeName;
use crate::model::record::TerraformPin;

/// What was decided and shown, and who agreed to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    pub command: Command,
    /// Who began it. Its user and host are those of a left-over lock of Terraform.
    pub holder: Holder,
    pub cluster_id: String,
    pub place: Place,
    /// The generation of the record that this was decided on; None before the first one.
    pub base_generation: Option<u64>,
    pub inputs: Inputs,
    /// What the record is to hold as its cluster file once something of this is done. None: what it holds. Since format 1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<Inputs>,
    /// Flavour and version of the Terraform in use, and the lock files known so far.
    pub terraform: TerraformPin,
    /// What each pool's size is to be in the record afterwards, for the pools that have bounds.
    pub sizes: BTreeMap<String, u32>,
    /// In the order in which they are to be applied.
    pub parts: Vec<Part>,
    /// `--partial`: victims that cannot be drained may be spared while the others go.
    pub partial: bool,
    pub consent: Consent,
    /// `--accept-lost`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept_lost: Vec<NodeName>,
    /// `state rollback`: the generation that is gone back to. Since format 1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    Apply,
    ScaleUp,
    ScaleDown,
    /// Since format 1.1.
    Rollback,
    Destroy,
    /// Since format 1.2.
    Provision,
}

/// The cluster file and the files that it names, by reference: the object `inputs/<sha256>` holds their text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inputs {
    /// Of the stored object, as hexadecimal digits.
    pub sha256: String,
    /// `--set` options as given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
}

impl Inputs {
    /// The key of the object that holds the text.
    pub fn key(&self) -> String {
        format!("inputs/{}", self.sha256)
    }
}

/// How the operation was agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consent {
    /// A person answered yes at a terminal.
    Answered,
    /// `--yes`.
    Yes,
    /// A plan file that was made before.
    PlanFile,
    /// The cluster's name was given, as `destroy` asks.
    NameGiven,
    /// Nothing in it destroys or costs, so nobody was asked.
    NotNeeded,
}

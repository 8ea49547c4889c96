//! What an operation lets Terraform do in one stack.

use std::fmt;

use super::diff::{Path, Step};
use crate::model::names::StackId;
use crate::model::provider::Provider;
use crate::model::record::Flavour;

/// The whole list of what one plan may contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub stack: StackId,
    pub provider: Provider,
    /// OpenTofu's plans say less about themselves than Terraform's.
    pub flavour: Flavour,
    pub mode: Mode,
    pub permits: Vec<Permit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Normal,
    /// Only deletes.
    Destroy,
}

/// One thing that Terraform may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    pub target: Target,
    pub act: Act,
    /// A plan without it is not the one we want. Never true of a [`Target::Any`].
    pub required: bool,
}

/// What a permit is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One resource instance, by its address: `aws_instance.node["demo-workers-1"]`.
    Instance(String),
    /// Every instance of one resource of the module: `aws_subnet.node`. Never a machine.
    Any(String),
}

impl Target {
    /// Whether the instance at `address`, of the resource `resource`, is meant.
    pub(super) fn covers(&self, address: &str, resource: &str) -> bool {
        match self {
            Target::Instance(instance) => instance == address,
            Target::Any(any) => any == resource,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Instance(address) => f.write_str(address),
            Target::Any(resource) => write!(f, "{resource}[*]"),
        }
    }
}

/// What may be done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Create,
    /// With an id, only the very machine (`before.id`) whose removal the journal proves.
    Delete {
        id: Option<String>,
    },
    /// In place, and only these attributes; with an id, only of this machine.
    Update {
        id: Option<String>,
        attributes: Vec<AttributePath>,
    },
}

impl Act {
    /// Terraform's word for it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Act::Create => "create",
            Act::Delete { .. } => "delete",
            Act::Update { .. } => "update",
        }
    }
}

/// One attribute. Its text form has a dot between steps, and `*` for every element of a list: `root_block_device.*.tags`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    steps: Vec<String>,
    below: bool,
}

impl AttributePath {
    /// The attribute and everything below it.
    pub fn below(text: &str) -> AttributePath {
        AttributePath { steps: text.split('.').map(str::to_owned).collect(), below: true }
    }

    /// The attribute as a whole: it may come or go, and not change in a part.
    pub fn whole(text: &str) -> AttributePath {
        AttributePath { below: false, ..AttributePath::below(text) }
    }

    pub(super) fn covers(&self, path: &Path) -> bool {
        let long_enough = if self.below { path.0.len() >= self.steps.len() } else { path.0.len() == self.steps.len() };
        long_enough
            && self.steps.iter().zip(&path.0).all(|(allowed, step)| match step {
                Step::Key(key) => allowed == key,
                Step::Index(_) => allowed == "*",
            })
    }
}

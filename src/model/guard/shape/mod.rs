//! The shape of a module: which resources it has, how they repeat, and which programs it runs. The same list holds for
//! the embedded modules, for the files of `--assets`, and for the `configuration` in a plan.

pub mod aws;
mod files;
pub mod hcl;
pub mod sandbox;

use std::collections::BTreeMap;

use crate::model::names::StackId;
use crate::model::provider::Provider;

/// What a root module consists of, as far as it can do harm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleShape {
    /// `<type>.<name>` → shape. Managed resources: no module has anything else.
    pub resources: BTreeMap<String, ResourceShape>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceShape {
    pub repeat: Repeat,
    pub provisioners: Vec<Provisioner>,
}

/// How many instances a resource has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeat {
    One,
    Count,
    /// By `for_each`; over what, where that is a plain reference: `var.nodes`.
    ForEach(Option<String>),
}

/// A program that Terraform runs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioner {
    pub kind: String,
    /// Runs when the resource is destroyed, not when it is created. A plan does not tell this apart; the HCL does.
    pub on_destroy: bool,
    /// A constant: no value is ever put into it.
    pub command: String,
    /// Name → the expression that gives its value, as HCL.
    pub environment: BTreeMap<String, String>,
}

/// What is particular to one provider, for the guard.
#[derive(Debug)]
pub struct Facts {
    /// The key of its configuration, which is also its local name.
    pub config_key: &'static str,
    /// Its full names: registries name the same provider differently.
    pub full_names: &'static [&'static str],
    /// What `required_providers` may say about where it comes from.
    pub sources: &'static [&'static str],
    /// What its configuration may contain. No login is among it: that comes from the environment.
    pub configuration: &'static [&'static str],
    /// The resource that is a pool's machine, and the one that is a control plane's.
    pub pool_machine: &'static str,
    pub control_plane_machine: &'static str,
    /// The attributes of a machine that hold its tags, or follow from them.
    pub machine_tags: &'static [&'static str],
    /// The attributes that an import leaves empty, and that the next plan then fills in place.
    pub adoption: &'static [&'static str],
    /// What `machine_tags` are, of any other resource.
    pub other_tags: &'static [&'static str],
    /// The resources by which a pool's machines join at boot: one of each a pool, under its name.
    pub joins: &'static [&'static str],
    /// The one of them that says where the machines may read.
    pub join_policy: Option<&'static str>,
}

impl Facts {
    /// The resource that is a machine of this stack.
    pub fn machine(&self, stack: &StackId) -> &'static str {
        match stack {
            StackId::Foundation => self.control_plane_machine,
            StackId::Pool(_) => self.pool_machine,
        }
    }
}

/// What the guard knows of a provider; None where `scaler` has no module for it.
pub fn facts(provider: Provider) -> Option<&'static Facts> {
    match provider {
        Provider::Aws => Some(&aws::FACTS),
        Provider::Sandbox => Some(&sandbox::FACTS),
        Provider::Azure => None,
    }
}

/// The shape that the module of a stack must have; None where `scaler` has no module for it.
pub fn expected(provider: Provider, stack: &StackId) -> Option<ModuleShape> {
    match (provider, stack) {
        (Provider::Aws, StackId::Foundation) => Some(aws::foundation()),
        (Provider::Aws, StackId::Pool(_)) => Some(aws::pool()),
        (Provider::Sandbox, StackId::Foundation) => Some(sandbox::foundation()),
        (Provider::Sandbox, StackId::Pool(_)) => Some(sandbox::pool()),
        (Provider::Azure, _) => None,
    }
}

/// A resource without provisioners.
fn plain(repeat: Repeat) -> ResourceShape {
    ResourceShape { repeat, provisioners: Vec::new() }
}

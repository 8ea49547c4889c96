//! The fields of a cluster file, part by part: what each is called, what it may say, what it means.

mod access;
mod boot;
mod clouds;
mod cluster;
mod drain;
mod image;
mod kubernetes;
mod machine;
mod network;
mod pool;
mod store;
mod tags;

use semver::Version;

use super::cloud::{self, Check, Cloud};
use super::read::{Kind, Wrong, choice, peek, text};
use super::rules::{names, one_line, versions};
use super::yaml::{Node, Value};
use crate::model::provider::Provider;

pub use cluster::{API_VERSION, KIND, cluster};

/// What several parts of the file depend on, as far as it can be read; nothing of it for the schema.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub provider: Option<Provider>,
    pub region: Option<String>,
    pub name: Option<String>,
    pub version: Option<Version>,
    /// The names under `images`.
    pub images: Option<Vec<String>>,
}

impl Facts {
    pub fn of(root: &Node) -> Facts {
        let line = text("text", "", |text| one_line(text, 100));
        let images = root.get("images").map(|node| node.entries().unwrap_or_default());
        let provider = peek(root, "provider", &choice(cluster::PROVIDERS)).map(|at| at.value);
        let cloud = provider.map(cloud::of);
        let good_region = |region: &String| cloud.is_none_or(|cloud| (cloud.region.check)(region).is_ok());
        Facts {
            provider,
            region: peek(root, "region", &line)
                .map(|at| at.value)
                .filter(good_region)
                .or_else(|| cloud.and_then(|cloud| cloud.default_region).map(str::to_owned)),
            name: peek(root, "name", &text("text", "", names::cluster_name)).map(|at| at.value),
            version: peek(root, "kubernetes.version", &text("text", "", versions::kubernetes)).map(|at| at.value),
            images: Some(images.unwrap_or_default().iter().map(|entry| entry.key.clone()).collect()),
        }
    }

    pub fn cloud(&self) -> Option<&'static Cloud> {
        self.provider.map(cloud::of)
    }
}

/// A text that the cloud has a rule for; any line where the cloud is not known.
fn by_cloud(check: Option<Check>) -> impl Fn(&str) -> Result<String, Wrong> {
    move |text| match check {
        Some(check) => check(text).map(|()| text.to_owned()),
        None => one_line(text, 500),
    }
}

/// A path of this machine.
fn a_path(example: &'static str) -> impl Kind<Out = String> {
    text("a path", example, super::rules::paths::path).length(1, 4095)
}

/// The text of a scalar, whatever it means.
fn written(node: &Node) -> Option<&str> {
    match &*node.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

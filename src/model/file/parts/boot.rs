//! `provisioning` of a pool, and what joining at boot needs of the rest of the file.

use super::{Facts, written};
use crate::model::file::read::{Fields, Wrong, choice, wrong};
use crate::model::file::types::Provisioning;
use crate::model::file::yaml::Node;
use crate::model::provider::Provider;

const BOOT: &str = "boot";

const PROVISIONINGS: &[(&str, Provisioning)] =
    &[("ssh", Provisioning::Ssh), (BOOT, Provisioning::Boot), ("none", Provisioning::None)];

/// Of 64 characters of a role's name, 16 are the cluster's (terraform/aws/foundation/joining.tf).
const LONGEST: usize = 48;

pub fn provisioning_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<Provisioning> {
    let doc = "What makes a new machine a node: `ssh`, playbooks of Ansible over SSH; `boot`, the machine itself at its \
               first boot, from an image that has everything (on AWS, with the store in S3); `none`, its image by \
               itself. Default: `ssh`, in the sandbox `none`.";
    let written = fields.optional("provisioning", doc, &choice(PROVISIONINGS)).maybe()?;
    written.or_else(|| Some(facts.cloud()?.default_provisioning))
}

/// What is missing for the pools that are to join at boot.
pub fn rules(fields: &mut Fields<'_>, facts: &Facts) {
    let backend = fields.node("store").and_then(|store| store.get("backend")).and_then(self::written);
    let pools = fields.node("pools").and_then(|pools| pools.items()).unwrap_or_default();
    for (index, pool) in pools.iter().enumerate() {
        let Some(field) = pool.get("provisioning").filter(|node| self::written(node) == Some(BOOT)) else { continue };
        if let Some(wrong) = missing(facts.provider, backend, pool) {
            fields.wrong_at(field.span, &format!("pools[{index}].provisioning"), "cannot be `boot` here", wrong);
        }
    }
}

fn missing(provider: Option<Provider>, backend: Option<&str>, pool: &Node) -> Option<Wrong> {
    let by_ssh = "write `ssh`, or `none`";
    match provider {
        Some(Provider::Azure) => return Some(wrong("joining at boot is not built for Azure yet", by_ssh)),
        Some(Provider::Sandbox) => return Some(wrong("the sandbox's machines have no boot", by_ssh)),
        Some(Provider::Aws) | None => {}
    }
    match backend {
        Some("s3") | None => {}
        Some("azblob") => {
            return Some(wrong("AWS' machines read no store in Azure: it needs `store: { backend: s3 }`", by_ssh));
        }
        Some(_) => return Some(wrong("machines read no folder of yours: it needs `store: { backend: s3 }`", by_ssh)),
    }
    let name = pool.get("name").and_then(self::written).unwrap_or_default();
    if name.len() > LONGEST {
        let label = format!("the role of its machines is named after it, with {LONGEST} characters at most");
        return Some(wrong(label, "give the pool a shorter name"));
    }
    let image = pool.get("image");
    let has = |field: &str| image.is_some_and(|image| image.get(field).is_some());
    (!has("build") && !has("id")).then(|| {
        wrong(
            "it needs an image that has kubelet, kubeadm and a container runtime",
            "add `image: { build: … }`, one of `images`, or `image: { id: … }`",
        )
    })
}

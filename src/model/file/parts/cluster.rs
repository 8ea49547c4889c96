//! The whole file.

use super::{Facts, access, boot, by_cloud, clouds, drain, image, kubernetes, machine, network, pool, store, tags};
use crate::model::file::read::{Fields, Kind, choice, list, object, text, wrong};
use crate::model::file::rules::names;
use crate::model::file::types::*;
use crate::model::provider::Provider;

/// The format that this program reads.
pub const API_VERSION: &str = "scaler/v1";
pub const KIND: &str = "Cluster";

pub const PROVIDERS: &[(&str, Provider)] =
    &[("aws", Provider::Aws), ("azure", Provider::Azure), ("sandbox", Provider::Sandbox)];

/// More pools than any cluster has: each is a Terraform state of its own.
const MOST_POOLS: usize = 1000;

/// A cluster file.
pub fn cluster(facts: &Facts) -> impl Kind<Out = ClusterFile> + use<'_> {
    object("{ apiVersion: scaler/v1, kind: Cluster, … }", move |fields| read(fields, facts))
}

fn read(fields: &mut Fields<'_>, facts: &Facts) -> Option<ClusterFile> {
    fields.required("apiVersion", "The format of this file.", &choice(&[(API_VERSION, ())]));
    fields.required("kind", "What this file describes.", &choice(&[(KIND, ())]));
    let name = fields.required(
        "name",
        "The cluster's name: a DNS label of 3 to 20 characters. Node names begin with it.",
        &text("a DNS label of 3 to 20 characters", "demo", names::cluster_name)
            .length(3, 20)
            .pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
    );
    let provider = fields.required("provider", "Where the machines are.", &choice(PROVIDERS));
    let region = region(fields, facts);
    let kubernetes =
        fields.required("kubernetes", "The Kubernetes that runs on the machines.", &kubernetes::kubernetes());
    let access = fields.optional("access", "How the cluster's API is reached.", &access::access()).or_default();
    let store = fields.required(
        "store",
        "Where the cluster's record, lock, journal and Terraform states lie.",
        &store::store(facts),
    );
    let ssh = ssh(fields, facts);
    let network = network::network_field(fields, facts);
    let tags = fields
        .optional(
            "tags",
            "Tags for everything that the cloud can tag, beside those that scaler sets.",
            &tags::tags(facts),
        )
        .or_default();
    let control_plane = control_plane(fields, facts);
    let pools = fields.required(
        "pools",
        "Sets of like worker machines.",
        &list(pool::pool(facts), MOST_POOLS).example("[{ name: workers, min: 1, max: 10 }]"),
    );
    let pools = pools.map(|pools| pool::apart(fields, pools));
    let drain = drain_field(fields);
    let images = fields
        .optional("images", "Images that `scaler build-image` makes, by name.", &image::images(facts))
        .or_default();
    let clouds = clouds::sections(fields, facts);
    let tools =
        fields.optional("tools", "Programs that are not to be looked up on the PATH.", &access::tools()).or_default();
    fields.optional(
        "autoscaler",
        "Room for the autoscaler's settings; empty in this version.",
        &object("{}", |_| Some(())),
    );
    network::rules(fields, facts);
    boot::rules(fields, facts);

    let (aws, azure, sandbox) = clouds?;
    Some(ClusterFile {
        name: name?,
        provider: provider?,
        region: region?,
        kubernetes: kubernetes?,
        access: access?,
        store: store?,
        ssh: ssh?,
        network: network?,
        tags: tags?,
        control_plane: control_plane?,
        pools: pools?,
        drain: drain?,
        images: images?,
        aws,
        azure,
        sandbox,
        tools: tools?,
    })
}

fn region(fields: &mut Fields<'_>, facts: &Facts) -> Option<String> {
    let cloud = facts.cloud();
    let doc = "The cloud's region. The sandbox takes any word, and `local` when there is none.";
    let example = cloud.map_or("eu-west-1", |cloud| cloud.region.example);
    let kind = text("a region", example, by_cloud(cloud.map(|cloud| cloud.region.check))).length(1, 63);
    let written = fields.optional("region", doc, &kind).maybe()?;
    let region = written.or_else(|| cloud?.default_region.map(str::to_owned));
    if region.is_none() && cloud.is_some() {
        fields.missing("region", example);
    }
    region
}

fn ssh(fields: &mut Fields<'_>, facts: &Facts) -> Option<Ssh> {
    let ssh = fields.optional("ssh", "How machines are reached by SSH.", &access::ssh(facts)).maybe()?;
    let Some(cloud) = facts.cloud() else { return ssh };
    let written = ssh.is_some();
    let ssh = ssh.unwrap_or_else(|| access::default_ssh(facts));
    if cloud.needs_public_key && ssh.public_key_file.is_none() {
        let at = if written { "ssh" } else { "" };
        let path = fields.path("ssh.publicKeyFile").trim_matches(['[', ']', '"']).to_owned();
        let help = "add `ssh: { publicKeyFile: ~/.ssh/demo.pub }`; `ssh-keygen -t ed25519 -f ~/.ssh/demo` makes a pair";
        let label = format!("machines on {} are made with a public key", cloud.title);
        fields.wrong_at(fields.span(at), &path, "is missing", wrong(label, help));
    }
    Some(ssh)
}

fn control_plane(fields: &mut Fields<'_>, facts: &Facts) -> Option<ControlPlane> {
    let doc = "The machines that run the cluster itself, and the way to its API.";
    let written = fields.optional("controlPlane", doc, &machine::control_plane(facts)).maybe()?;
    match written {
        Some(control_plane) => Some(control_plane),
        None => machine::default_control_plane(facts),
    }
}

fn drain_field(fields: &mut Fields<'_>) -> Option<DrainSpec> {
    let written =
        fields.optional("drain", "How pods leave a node before its machine goes.", &drain::drain()).maybe()?;
    written.or_else(drain::default_drain)
}

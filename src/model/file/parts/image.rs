//! `images`, and where a machine's image comes from.

use std::collections::BTreeMap;

use super::machine::PROVISIONINGS;
use super::{Facts, by_cloud};
use crate::model::file::read::{Fields, Kind, Wrong, choice, map, nearest, object, text, wrong};
use crate::model::file::rules::names;
use crate::model::file::types::{Image, ImageSpec};
use crate::model::provider::Provider;

/// More images than anyone builds for one cluster.
const MOST: usize = 100;

pub fn images(facts: &Facts) -> impl Kind<Out = BTreeMap<String, ImageSpec>> + use<> {
    let name = |text: &str| names::dns_label(text, 1, 40).map(|_| ());
    let (base, cloud) = (base(facts), facts.cloud());
    let machine_rule = cloud.map(|cloud| &cloud.machine);
    let image = object("{ base: ubuntu-24.04 }", move |fields| {
        let doc = "What it begins with: the newest image of an operating system, or the cloud's own id of an image.";
        let written = fields.required("base", doc, &base);
        let example = machine_rule.map_or("t3.large", |rule| rule.example);
        let machine = text("a machine type", example, by_cloud(machine_rule.map(|rule| rule.check))).length(1, 63);
        let doc = "The machine type that it is built on. Default: that of the first pool which uses it.";
        let machine = fields.optional("machine", doc, &machine).maybe();
        let subnet = text("a subnet's id", "subnet-0123456789abcdef0", subnet_id).length(1, 500);
        let doc =
            "The subnet that it is built in, where SSH reaches it from here. Default: one of the default network.";
        let subnet = fields.optional("subnet", doc, &subnet).maybe();
        let doc = "What is done to the base: `ssh`, the playbooks `prepare` and `install` over SSH; `none`, nothing.";
        let provisioning = fields.defaulted("provisioning", doc, &choice(PROVISIONINGS), "ssh");
        Some(ImageSpec { base: written?, machine: machine?, subnet: subnet?, provisioning: provisioning? })
    });
    map(name, image, MOST, "{ worker: { base: ubuntu-24.04 } }")
        .then(|images, _, _| Some(images.into_iter().map(|(name, image)| (name.value, image.value)).collect()))
}

/// A family, or an id where the cloud's ids can be told from words.
fn base(facts: &Facts) -> impl Kind<Out = String> + use<> {
    let families = facts.provider.unwrap_or(Provider::Sandbox).image_families();
    let id = facts.cloud().filter(|_| facts.provider != Some(Provider::Sandbox)).map(|cloud| cloud.image_id.check);
    text("an operating system that is known here, or an image's id", "ubuntu-24.04", move |text| {
        if families.contains(&text) || id.is_some_and(|check| check(text).is_ok()) {
            return Ok(text.to_owned());
        }
        let help = match nearest(text, families.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write {}, or an image's id", families.join(", ")),
        };
        Err(wrong("this one is not", help))
    })
    .length(1, 500)
}

/// What is safe wherever it is written; whether there is such a subnet, the cloud says.
fn subnet_id(text: &str) -> Result<String, Wrong> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./()".contains(&byte);
    match text.bytes().all(plain) {
        true => Ok(text.to_owned()),
        false => Err(wrong("this is not a subnet's id", "write for example `subnet-0123456789abcdef0`")),
    }
}

fn family(facts: &Facts) -> impl Kind<Out = String> + use<> {
    let families = facts.provider.unwrap_or(Provider::Sandbox).image_families();
    text("an operating system that is known here", "ubuntu-24.04", move |text| {
        if families.contains(&text) {
            return Ok(text.to_owned());
        }
        let help = match nearest(text, families.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write {}, or name an image by its `id`", families.join(", ")),
        };
        Err(wrong("this one is not", help))
    })
    .words(families)
}

/// The field `image` of a pool or of the control plane.
pub fn image_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<Image> {
    let doc = "Where the image comes from: one of `id`, `family` and `build`. Default: `{ family: ubuntu-24.04 }`.";
    let written = fields.optional("image", doc, &image(facts)).maybe()?;
    written.or_else(|| Some(Image::Family(facts.cloud()?.default_family.into())))
}

fn image(facts: &Facts) -> impl Kind<Out = Image> + use<'_> {
    object("{ family: ubuntu-24.04 }", move |fields| {
        fields.schema_rule(serde_json::json!({ "minProperties": 1, "maxProperties": 1 }));
        let id_rule = facts.cloud().map(|cloud| &cloud.image_id);
        let example = id_rule.map_or("ami-0123456789abcdef0", |rule| rule.example);
        let id = text("an image's id", example, by_cloud(id_rule.map(|rule| rule.check))).length(1, 500);
        let id = fields.optional("id", "The cloud's own id of it.", &id).maybe();
        let doc = "The newest image of this operating system, from its own publisher.";
        let family = fields.optional("family", doc, &family(facts)).maybe();
        let build = text("one of this file's `images`", "worker", |text| built(text, facts)).length(1, 40);
        let build = fields.optional("build", "One of this file's `images`.", &build).maybe();
        let written = ["id", "family", "build"].iter().filter(|name| fields.has(name)).count();
        if written != 1 {
            let help = "write `{ family: ubuntu-24.04 }`, `{ id: … }` or `{ build: … }`";
            let label = if written == 0 { "it has none" } else { "it has more" };
            fields.wrong("", "must have one of `id`, `family` and `build`", wrong(label, help));
            return None;
        }
        let id = id?.map(Image::Id);
        id.or(family?.map(Image::Family)).or(build?.map(Image::Build))
    })
}

fn built(text: &str, facts: &Facts) -> Result<String, Wrong> {
    match &facts.images {
        Some(images) if !images.iter().any(|image| image == text) => {
            let help = match nearest(text, images.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("add it: `images: {{ {text}: {{ base: ubuntu-24.04 }} }}`"),
            };
            let safe = names::dns_label(text, 1, 40).is_ok();
            let help = if safe { help } else { "name it as it is named there".into() };
            Err(wrong("`images` has none of this name", help))
        }
        _ => names::dns_label(text, 1, 40),
    }
}

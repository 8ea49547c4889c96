//! Images of a cluster: which one is wanted, which are there, building them, and taking away what nobody needs.

mod build;
mod list;
mod prune;
mod records;
#[cfg(test)]
mod tests;

pub use build::{Built, build};
pub use list::{Line, List, Unrecorded, list};
pub use prune::{Prunable, prune, survey};

use std::collections::BTreeSet;

use super::ports::{Images, Ports, Store};
use super::task::Task;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{ClusterFile, Image, ImageSpec};
use crate::model::image::{ImageHash, Ingredients};
use crate::model::plan::{FoundationChange, Plan};
use crate::render;

/// One of the cluster file's `images`, for machines of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the cluster file.
    pub image: String,
    pub spec: ImageSpec,
    /// The machine type that it is built on.
    pub machine: String,
    pub ingredients: Ingredients,
    pub hash: ImageHash,
}

/// The image of this name for machines of this type.
///
/// # Errors
/// Where the file has none of this name, or the cloud does not know the machine type.
pub async fn wanted(images: &dyn Images, task: &Task, name: &str, machine: &str) -> Result<Wanted> {
    let spec = spec(task, name)?;
    let architecture = images.architecture(machine).await?;
    Ok(of(task, name, spec, &architecture, machine))
}

/// The images of this name that the file's pools and its control plane use: one an architecture, each built on the
/// image's own machine type or that of its first user. One that nobody uses is built on its own machine type.
pub async fn wanted_by_all(images: &dyn Images, task: &Task, name: &str) -> Result<Vec<Wanted>> {
    let spec = spec(task, name)?;
    let users = task.file.users_of_image(name);
    let mut found: Vec<Wanted> = Vec::new();
    if users.is_empty() {
        let machine = spec.machine.clone().ok_or_else(|| {
            Failure::refused(format!("it is not known on which machine type image `{name}` is to be built"))
                .because("no pool uses it")
                .hint(format!("write it down: `images: {{ {name}: {{ base: {}, machine: … }} }}`", spec.base))
        })?;
        found.push(wanted(images, task, name, &machine).await?);
    }
    for (_, machine) in users {
        let one = wanted(images, task, name, machine).await?;
        if !found.iter().any(|known| known.hash == one.hash) {
            found.push(one);
        }
    }
    let Some(own) = &spec.machine else { return Ok(found) };
    let architecture = images.architecture(own).await?;
    for one in &mut found {
        if one.ingredients.architecture == architecture {
            one.machine = own.clone();
        }
    }
    Ok(found)
}

/// The names of the images that the file's pools and its control plane use.
pub fn used(file: &ClusterFile) -> Vec<String> {
    file.images.keys().filter(|name| !file.users_of_image(name).is_empty()).cloned().collect()
}

fn spec<'a>(task: &'a Task, name: &str) -> Result<&'a ImageSpec> {
    task.file.images.get(name).ok_or_else(|| {
        let known: Vec<&str> = task.file.images.keys().map(String::as_str).collect();
        let what = format!("cluster `{}` has no image `{name}` to build", task.file.name);
        let failure = Failure::new(Kind::Usage, what);
        match known.is_empty() {
            true => failure.hint("name it in the cluster file: `images: { worker: { base: ubuntu-24.04 } }`"),
            false => failure.hint(format!("its images are: {}", known.join(", "))),
        }
    })
}

fn of(task: &Task, name: &str, spec: &ImageSpec, architecture: &str, machine: &str) -> Wanted {
    let files = render::image_files(&task.assets, task.file.provider, spec);
    let ingredients = Ingredients::of(&task.file, spec, architecture, &files);
    Wanted {
        image: name.to_owned(),
        spec: spec.clone(),
        machine: machine.to_owned(),
        hash: ingredients.hash(),
        ingredients,
    }
}

/// The cloud's id of the image for new machines of this type.
///
/// # Errors
/// Refused where it is to be built and is not: what to run is in the hint.
pub async fn resolve(ports: &Ports, task: &Task, image: &Image, machine: &str) -> Result<String> {
    let Image::Build(name) = image else { return ports.cloud.resolve_image(image, machine).await };
    let wanted = wanted(ports.images.as_ref(), task, name, machine).await?;
    records::newest(ports, task, &wanted).await?.ok_or_else(|| missing(&wanted, "there is none in the store"))
}

fn missing(wanted: &Wanted, why: &str) -> Failure {
    let Wanted { image, hash, ingredients, .. } = wanted;
    Failure::refused(format!("image `{image}` with the hash {hash} ({}) is not built", ingredients.architecture))
        .because(why)
        .hint(format!("build it: scaler build-image --name {image}"))
        .hint("or along the way: scaler apply --build-images")
}

/// Why this plan cannot be carried out any more: an image that it chose for new machines was taken away since. Asked under
/// the cluster's lock, which who takes images away has too.
pub async fn outdated(ports: &Ports, task: &Task, plan: &Plan) -> Result<Option<Failure>> {
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for change in &plan.pools {
        if task.file.pool(&change.pool).is_some_and(|pool| matches!(pool.image, Image::Build(_))) {
            chosen.extend(change.additions.values().map(|node| node.image.as_str()));
        }
    }
    if let (FoundationChange::Create { nodes }, Image::Build(_)) = (&plan.foundation, &task.file.control_plane.image) {
        chosen.extend(nodes.values().map(|node| node.image.as_str()));
    }
    if chosen.is_empty() {
        return Ok(None);
    }
    let ids: Vec<String> = chosen.into_iter().map(str::to_owned).collect();
    let there = ports.images.images(&ids).await?;
    let gone = ids.iter().find(|id| !there.iter().any(|image| image.available && image.id == **id));
    Ok(gone.map(|id| {
        Failure::refused(format!("image {id}, which new machines were to be made of, is gone since this was decided"))
            .because("somebody has taken it away, or deregistered it in the cloud")
            .hint("plan again, and look at what it says now")
    }))
}

/// After a destroy: the images that were built for the cluster, which go on costing. None if there are none.
pub async fn left_by_destroy(store: &dyn Store) -> Result<Option<String>> {
    let left = records::all(store).await?;
    if left.is_empty() {
        return Ok(None);
    }
    let ids: Vec<&str> = left.iter().map(|image| image.id.as_str()).collect();
    Ok(Some(format!(
        "images that were built for the cluster are left: {}; `scaler image prune --keep 0` takes them away",
        ids.join(", ")
    )))
}

/// What a person should know of pools that get no machine now, and could get none: their image is not built.
pub async fn notes(ports: &Ports, task: &Task, plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    for pool in &task.file.pools {
        let grows = plan.pools.iter().any(|change| change.pool == pool.name && !change.additions.is_empty());
        let Image::Build(name) = &pool.image else { continue };
        if grows {
            continue;
        }
        if let Err(failure) = resolve(ports, task, &pool.image, &pool.machine).await {
            notes.push(format!(
                "pool `{}` could get no new machine: {}; `scaler build-image --name {name}` builds its image",
                pool.name, failure.what
            ));
        }
    }
    notes
}

//! Images of a cluster: which one is wanted, which are there, building them, and taking away what nobody needs.

mod build;
mod list;
mod prune;
mod records;
#[cfg(test)]
mod tests;

pub use build::{Built, build};
pub use list::{Line, List, list};
pub use prune::{Prunable, prune, survey};

use super::ports::{Images, Ports};
use super::task::Task;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{ClusterFile, Image, ImageSpec};
use crate::model::image::{ImageHash, Ingredients};
use crate::model::plan::Plan;

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
    let ingredients = Ingredients::of(&task.file, spec, architecture, task.assets.playbooks());
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

//! Building an image. It takes no lock: nothing of the cluster changes, and its record is created once.

use serde::Serialize;

use super::{Wanted, records};
use crate::model::failure::{Failure, Result};
use crate::model::file::Provisioning;
use crate::model::image::ImageRecord;
use crate::model::provider::tags;
use crate::model::record::{FORMAT, Record};
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::images::CloudImage;
use crate::ops::ports::{Event, Ports};
use crate::ops::task::Task;
use crate::ops::{place, record};
use crate::render::{self, ImageOrder};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Built {
    /// False: an image of the same ingredients was there.
    pub new: bool,
    #[serde(flatten)]
    pub record: ImageRecord,
}

/// Builds each image of this name that the cluster file's pools use, unless it is there; `rebuild`: also then. What was
/// built goes to `done`, also before an error.
///
/// # Errors
/// Says what is left over where Packer did not get to clean up.
pub async fn build(
    ports: &Ports,
    task: &Task,
    name: &str,
    rebuild: bool,
    interrupts: &Interrupts,
    done: &mut Vec<Built>,
) -> Result<()> {
    let place = ports.cloud.place().await?;
    let record: Option<Record> = record::load(ports.store.as_ref()).await?.map(|(record, _)| record);
    if let Some(record) = &record {
        place::check(record, &place)?;
    }
    for wanted in super::wanted_by_all(ports.images.as_ref(), task, name).await? {
        let there = if rebuild { None } else { records::newest_record(ports, task, &wanted).await? };
        done.push(match there {
            Some(record) => Built { new: false, record },
            None => Built { new: true, record: one(ports, task, &wanted, &place.account, interrupts).await? },
        });
    }
    Ok(())
}

async fn one(
    ports: &Ports,
    task: &Task,
    wanted: &Wanted,
    account: &str,
    interrupts: &Interrupts,
) -> Result<ImageRecord> {
    let dialect = ports.image_builder.check().await?;
    if wanted.spec.provisioning == Provisioning::Ssh {
        ports.provisioner.check().await?;
    }
    let base = wanted.spec.base_image(task.file.provider);
    let base = ports
        .cloud
        .resolve_image(&base, &wanted.machine)
        .await
        .map_err(|failure| failure.context(format!("there is nothing to begin image `{}` with", wanted.image)))?;
    let build = format!("{:08x}", ports.clock.random() as u32);
    let order = ImageOrder {
        file: &task.file,
        image: &wanted.image,
        spec: &wanted.spec,
        hash: &wanted.hash,
        build: &build,
        base: &base,
        machine: &wanted.machine,
        assets: &task.assets,
    };
    let (files, name) = (render::image(&order, dialect)?, order.name());
    let (step, title) = (format!("image {}", wanted.image), format!("building image `{}`", wanted.image));
    ports.progress.tell(Event::StepStarted { step: step.clone(), title: format!("{title} as {name}") });
    let finished = async {
        let id = ports.image_builder.build(&files, &step, interrupts).await?;
        // What Packer says it made is not always there.
        finished(ports, wanted, &id).await
    };
    let image = match finished.await {
        Ok(image) => image,
        Err(failure) => {
            ports.progress.tell(Event::StepFailed { step, title, why: failure.what.clone() });
            return Err(left_over(ports, &build, failure).await);
        }
    };
    let record = ImageRecord {
        format: FORMAT,
        hash: wanted.hash.clone(),
        id: image.id,
        image: wanted.image.clone(),
        name,
        account: account.to_owned(),
        region: task.file.region.clone(),
        built: ports.clock.now(),
        base,
        snapshots: image.snapshots,
        ingredients: wanted.ingredients.clone(),
    };
    records::write(ports.store.as_ref(), &record).await.map_err(|failure| {
        let what = format!("image {} was built, and could not be written down: no run will find it", record.id);
        failure.context(what).hint(format!("build it again, and deregister {} in the cloud", record.id))
    })?;
    ports.progress.tell(Event::StepDone { step, title: format!("built image `{}`: {}", wanted.image, record.id) });
    Ok(record)
}

/// The image that Packer made, as the cloud has it.
async fn finished(ports: &Ports, wanted: &Wanted, id: &str) -> Result<CloudImage> {
    let found = ports.images.images(&[id.to_owned()]).await.map_err(|failure| {
        let what = format!("Packer says that it built {id}, and the cloud cannot be asked for it: no run will find it");
        failure.context(what).hint(format!("build it again, and deregister {id} in the cloud"))
    })?;
    let found = found.into_iter().find(|image| image.id == id);
    let failed = || Failure::failed(format!("Packer says that it built {id}, and the cloud does not have it so"));
    let image = found.ok_or_else(|| failed().because("there is no such image of this account"))?;
    if !image.available {
        return Err(failed().because("no machine can be made of it"));
    }
    let hash = image.tags.get(tags::IMAGE_HASH).map(String::as_str);
    if hash != Some(wanted.hash.as_str()) {
        return Err(failed().because(format!("its tag {} says {}", tags::IMAGE_HASH, hash.unwrap_or("nothing"))));
    }
    if image.architecture != wanted.ingredients.architecture {
        return Err(failed().because(format!("it is for {}", image.architecture)));
    }
    Ok(image)
}

/// Packer cleans up by itself, unless it was killed.
async fn left_over(ports: &Ports, build: &str, failure: Failure) -> Failure {
    let look = format!("what was made for it carries the tag {}={build}", tags::IMAGE_BUILD);
    match ports.images.remains(build).await {
        Ok(left) if left.is_empty() => failure.hint(
            "nothing was written down, and neither a machine nor an image of it is left; if Packer was killed, a key pair \
             and a security group packer_... may be",
        ),
        Ok(left) => failure.hint(format!("take away what is left of it: {}", left.join(", "))).hint(look),
        Err(unknown) => failure.because(unknown).hint(format!("look for what is left of it: {look}")),
    }
}

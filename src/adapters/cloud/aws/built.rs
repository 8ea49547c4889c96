//! The images of the account itself: those that were built for its clusters.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Image as Ami, ImageState, InstanceStateName};

use super::Aws;
use super::errors::{explain, unless_code};
use super::shapes::shape;
use crate::model::failure::Result;
use crate::model::provider::tags;
use crate::ops::ports::Images;
use crate::ops::ports::images::CloudImage;

const DESCRIBE: &str = "ec2:DescribeImages";

/// A filter takes 200 values at most (EC2, "DescribeImages").
const AT_ONCE: usize = 200;

#[async_trait]
impl Images for Aws {
    async fn architecture(&self, machine: &str) -> Result<String> {
        Ok(shape(&self.ec2, &self.region, machine).await?.architecture)
    }

    /// By a filter: an id that is named and not there would make an error of the whole answer.
    async fn images(&self, ids: &[String]) -> Result<Vec<CloudImage>> {
        let mut found = Vec::new();
        for ids in ids.chunks(AT_ONCE) {
            found.extend(self.own(Filter::builder().name("image-id").set_values(Some(ids.to_vec())).build()).await?);
        }
        Ok(found)
    }

    async fn built_for(&self, cluster: &str) -> Result<Vec<CloudImage>> {
        self.own(tagged(tags::IMAGES_OF, cluster)).await
    }

    async fn remains(&self, build: &str) -> Result<Vec<String>> {
        let what = format!("the machines of an image's build cannot be looked up in {}", self.region);
        let filter = tagged(tags::IMAGE_BUILD, build);
        let mut pages = self.ec2.describe_instances().filters(filter.clone()).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explain(&what, "ec2:DescribeInstances", error))?;
            let instances = page.reservations().iter().flat_map(|reservation| reservation.instances());
            let alive = instances.filter(|instance| {
                let state = instance.state().and_then(|state| state.name());
                !matches!(state, Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown))
            });
            found.extend(alive.filter_map(|instance| instance.instance_id().map(str::to_owned)));
        }
        found.extend(self.own(filter.clone()).await?.into_iter().map(|image| image.id));
        let what = format!("the snapshots of an image's build cannot be looked up in {}", self.region);
        let mut pages = self.ec2.describe_snapshots().owner_ids("self").filters(filter).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explain(&what, "ec2:DescribeSnapshots", error))?;
            found.extend(page.snapshots().iter().filter_map(|one| one.snapshot_id().map(str::to_owned)));
        }
        Ok(found)
    }

    async fn remove(&self, image: &str, snapshots: &[String]) -> Result<()> {
        let what = format!("image {image} cannot be taken away");
        let answer = self.ec2.deregister_image().image_id(image).send().await;
        // EC2 has two words for one that is gone: at once, and a while later.
        let answer = match unless_code(answer, "InvalidAMIID.Unavailable") {
            Err(error) => unless_code(Err(error), "InvalidAMIID.NotFound"),
            gone => gone,
        };
        answer.map_err(|error| explain(&what, "ec2:DeregisterImage", error))?;
        for snapshot in snapshots {
            let what = format!("snapshot {snapshot} of image {image} cannot be deleted");
            let answer = self.ec2.delete_snapshot().snapshot_id(snapshot).send().await;
            unless_code(answer, "InvalidSnapshot.NotFound")
                .map_err(|error| explain(&what, "ec2:DeleteSnapshot", error))?;
        }
        Ok(())
    }
}

impl Aws {
    /// The account's own images that this filter lets through.
    async fn own(&self, filter: Filter) -> Result<Vec<CloudImage>> {
        let what = format!("the account's images cannot be looked up in {}", self.region);
        let mut pages = self.ec2.describe_images().owners("self").filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explain(&what, DESCRIBE, error))?;
            found.extend(page.images().iter().filter_map(cloud_image));
        }
        Ok(found)
    }
}

fn tagged(key: &str, value: &str) -> Filter {
    Filter::builder().name(format!("tag:{key}")).values(value).build()
}

fn cloud_image(ami: &Ami) -> Option<CloudImage> {
    let disks = ami.block_device_mappings().iter().filter_map(|disk| disk.ebs()?.snapshot_id());
    let tags = ami.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Some(CloudImage {
        id: ami.image_id()?.to_owned(),
        name: ami.name().unwrap_or_default().to_owned(),
        architecture: ami.architecture().map_or(String::new(), |architecture| architecture.as_str().to_owned()),
        available: ami.state() == Some(&ImageState::Available),
        snapshots: disks.map(str::to_owned).collect(),
        tags: tags.collect(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::Tag;

    use super::*;
    use crate::adapters::cloud::aws::moto::Moto;

    #[tokio::test]
    async fn an_image_is_seen_until_it_is_taken_away() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let aws = moto.aws("eu-west-1");
        assert_eq!(aws.architecture("t4g.medium").await.unwrap(), "arm64");
        let machine = moto.run(&aws, "id", "d-w-1").await;
        let made = aws.ec2.create_image().instance_id(&machine).name("scaler-d").send().await.unwrap();
        let id = made.image_id().unwrap().to_owned();
        let ids = ["ami-none".to_owned(), id.clone(), "ami-785db401".to_owned()];
        let found = aws.images(&ids).await.unwrap();
        assert_eq!(found.iter().map(|image| &image.id).collect::<Vec<_>>(), [&id], "the account's own alone");
        assert!(found[0].available && found[0].snapshots.len() == 1, "{found:?}");
        let snapshots = found[0].snapshots.clone();
        for _ in 0..2 {
            aws.remove(&id, &snapshots).await.unwrap();
            assert!(aws.images(&ids).await.unwrap().is_empty());
        }
        let left = aws.ec2.describe_snapshots().owner_ids("self").send().await.unwrap();
        assert!(!left.snapshots().iter().any(|left| left.snapshot_id() == Some(&snapshots[0])));
    }

    #[tokio::test]
    async fn what_is_left_of_a_build_is_found_by_its_tags() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let aws = moto.aws("eu-west-1");
        let machine = moto.run(&aws, "id", "d-w-1").await;
        let made = aws.ec2.create_image().instance_id(&machine).name("scaler-d").send().await.unwrap();
        let image = made.image_id().unwrap().to_owned();
        assert!(aws.remains("b1").await.unwrap().is_empty() && aws.built_for("d").await.unwrap().is_empty());
        let snapshot = aws.images(std::slice::from_ref(&image)).await.unwrap()[0].snapshots[0].clone();
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let tags = [tag(tags::IMAGE_BUILD, "b1"), tag(tags::IMAGES_OF, "d")];
        let all = [&machine, &image, &snapshot].map(String::clone);
        let tagged = aws.ec2.create_tags().set_resources(Some(all.to_vec())).set_tags(Some(tags.to_vec())).send().await;
        tagged.unwrap();
        assert_eq!(aws.remains("b1").await.unwrap(), all);
        let of_cluster = aws.built_for("d").await.unwrap();
        assert_eq!(of_cluster.iter().map(|one| (&*one.id, &*one.name)).collect::<Vec<_>>(), [(&*image, "scaler-d")]);
        aws.ec2.terminate_instances().instance_ids(&machine).send().await.unwrap();
        assert_eq!(aws.remains("b1").await.unwrap(), all[1..]);
    }
}

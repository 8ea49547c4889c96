//! The image for a new machine: the newest of a known publisher, or one named by its id.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{DeviceType, Filter, Image as Ami, ImageState, VirtualizationType};

use super::errors::explain;
use super::shapes::shape;
use crate::model::failure::{Failure, Result};
use crate::model::file::Image;
use crate::model::provider::Provider;

const ACTION: &str = "ec2:DescribeImages";

/// A publisher's images of one release. Names alone prove nothing, anybody may publish any name, so the owner is pinned.
struct Family {
    name: &'static str,
    publisher: &'static Publisher,
    /// The image's name, with `{arch}` for the publisher's word for the architecture.
    pattern: &'static str,
}

/// Account ids in the commercial, the China and the GovCloud partition.
struct Publisher {
    name: &'static str,
    commercial: &'static str,
    china: Option<&'static str>,
    government: Option<&'static str>,
}

/// <https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/>
const CANONICAL: Publisher = Publisher {
    name: "Canonical",
    commercial: "099720109477",
    china: Some("837727238323"),
    government: Some("513442679011"),
};

/// <https://wiki.debian.org/Cloud/AmazonEC2Image>
const DEBIAN: Publisher = Publisher { name: "Debian", commercial: "136693071363", china: None, government: None };

/// Canonical moved from `hvm-ssd` to `hvm-ssd-gp3` with 23.10, and puts a release's code name before its number.
const FAMILIES: [Family; 5] = [
    Family { name: "debian-12", publisher: &DEBIAN, pattern: "debian-12-{arch}-2*" },
    Family { name: "debian-13", publisher: &DEBIAN, pattern: "debian-13-{arch}-2*" },
    Family {
        name: "ubuntu-22.04",
        publisher: &CANONICAL,
        pattern: "ubuntu/images/hvm-ssd*/ubuntu-*-22.04-{arch}-server-*",
    },
    Family {
        name: "ubuntu-24.04",
        publisher: &CANONICAL,
        pattern: "ubuntu/images/hvm-ssd*/ubuntu-*-24.04-{arch}-server-*",
    },
    Family {
        name: "ubuntu-26.04",
        publisher: &CANONICAL,
        pattern: "ubuntu/images/hvm-ssd*/ubuntu-*-26.04-{arch}-server-*",
    },
];

impl Publisher {
    fn account(&self, region: &str) -> Result<&'static str> {
        let account = match region {
            region if region.starts_with("cn-") => self.china,
            region if region.starts_with("us-gov-") => self.government,
            _ => Some(self.commercial),
        };
        account.ok_or_else(|| {
            Failure::refused(format!("{} has no known account in {region}", self.name))
                .hint("name the image by its id in the cluster file: `image: { id: ami-… }`")
        })
    }
}

pub(super) async fn resolve(ec2: &Client, region: &str, image: &Image, machine: &str) -> Result<String> {
    match image {
        Image::Id(id) => by_id(ec2, region, id, &shape(ec2, region, machine).await?.architecture).await,
        Image::Family(name) => newest(ec2, region, name, &shape(ec2, region, machine).await?.architecture).await,
        Image::Build(name) => Err(not_built(name)),
    }
}

fn not_built(name: &str) -> Failure {
    Failure::refused(format!("image `{name}` is one that scaler builds: AWS does not know it by this name"))
}

async fn by_id(ec2: &Client, region: &str, id: &str, architecture: &str) -> Result<String> {
    let what = format!("image {id} cannot be looked up in {region}");
    let answer = ec2.describe_images().image_ids(id).send().await.map_err(|error| explain(&what, ACTION, error))?;
    let found = answer.images().iter().find(|ami| ami.image_id() == Some(id)).ok_or_else(|| {
        Failure::failed(format!("there is no image {id} in {region}"))
            .hint("ids of images differ between regions; check `image` in the cluster file")
    })?;
    if found.state() != Some(&ImageState::Available) {
        let state = found.state().map_or("nothing", |state| state.as_str());
        return Err(Failure::failed(format!("image {id} is not available"))
            .because(format!("EC2 says of its state: {state}"))
            .hint("wait until it is, or name another in the cluster file"));
    }
    let theirs = found.architecture().map_or("an unknown architecture", |architecture| architecture.as_str());
    if theirs != architecture {
        return Err(Failure::failed(format!("image {id} does not fit the machine type"))
            .because(format!("the image is for {theirs}, the machine type is {architecture}")));
    }
    Ok(id.to_owned())
}

async fn newest(ec2: &Client, region: &str, name: &str, architecture: &str) -> Result<String> {
    let family = FAMILIES.iter().find(|family| family.name == name).ok_or_else(|| {
        Failure::failed(format!("there is no image family `{name}`"))
            .hint(format!("use one of {}, or an image's id", Provider::Aws.image_families().join(", ")))
    })?;
    let owner = family.publisher.account(region)?;
    // Both publishers use Debian's word for the architecture.
    let pattern = family.pattern.replace("{arch}", if architecture == "arm64" { "arm64" } else { "amd64" });
    let what = format!("the newest image of {name} cannot be found in {region}");
    let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
    let mut pages = ec2
        .describe_images()
        .owners(owner)
        .filters(filter("name", &pattern))
        .filters(filter("architecture", architecture))
        .filters(filter("state", ImageState::Available.as_str()))
        .into_paginator()
        .send();
    let mut found: Vec<Ami> = Vec::new();
    while let Some(page) = pages.next().await {
        found.extend(page.map_err(|error| explain(&what, ACTION, error))?.images.unwrap_or_default());
    }
    newest_of(&found, owner).map(str::to_owned).ok_or_else(|| {
        Failure::failed(format!("{} offers no image of {name} for {architecture} in {region}", family.publisher.name))
            .because(format!("account {owner} has no available image named `{pattern}`"))
            .hint("name another family, or an image's id, in the cluster file")
    })
}

/// Of what a search gave. The account is looked at once more: that nobody else's image is taken must not hang on a
/// filter. Dates sort as text; of two images of one moment the greater id is as good as the other, and always the same.
fn newest_of<'a>(found: &'a [Ami], owner: &str) -> Option<&'a str> {
    found
        .iter()
        .filter(|ami| ami.owner_id() == Some(owner))
        .filter(|ami| ami.virtualization_type() == Some(&VirtualizationType::Hvm))
        .filter(|ami| ami.root_device_type() == Some(&DeviceType::Ebs))
        .filter_map(|ami| Some((ami.creation_date()?, ami.image_id()?)))
        .max()
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::cloud::aws::moto::{Ami as Made, Moto};
    use crate::model::failure::Kind;
    use crate::ops::ports::Cloud;

    fn made(id: &'static str, owner: &'static str, name: &'static str) -> Made {
        Made { id, owner, name, architecture: if name.contains("arm64") { "arm64" } else { "x86_64" } }
    }

    #[tokio::test]
    async fn images_are_the_pinned_publishers_for_the_machines_architecture() {
        scaler_lab::needs!(Moto);
        let jammy = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260101";
        let pro = "ubuntu-pro-server/images/hvm-ssd/ubuntu-jammy-22.04-amd64-pro-server-20260101";
        let arm = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20260101";
        let noble = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260101";
        let moto = Moto::with_images(&[
            made("ami-jammy", CANONICAL.commercial, jammy),
            made("ami-evil", "666666666666", jammy),
            made("ami-pro", CANONICAL.commercial, pro),
            made("ami-arm", CANONICAL.commercial, arm),
            made("ami-noble", CANONICAL.commercial, noble),
            made("ami-trixie", DEBIAN.commercial, "debian-13-amd64-20250814-2204"),
            made("ami-backports", DEBIAN.commercial, "debian-13-backports-amd64-20250814-2204"),
        ]);
        let aws = moto.aws("eu-west-1");
        for (family, machine, expected) in [
            ("ubuntu-22.04", "t3.medium", "ami-jammy"),
            ("ubuntu-22.04", "t4g.medium", "ami-arm"),
            ("ubuntu-24.04", "t3.medium", "ami-noble"),
            ("debian-13", "t3.medium", "ami-trixie"),
        ] {
            let found = aws.resolve_image(&Image::Family(family.into()), machine).await.unwrap();
            assert_eq!(found, expected, "{family} for {machine}");
        }
        let none = aws.resolve_image(&Image::Family("debian-12".into()), "t3.medium").await.unwrap_err();
        assert!(none.what.contains("Debian offers no image of debian-12"), "{none}");

        assert_eq!(aws.resolve_image(&Image::Id("ami-jammy".into()), "t3.medium").await.unwrap(), "ami-jammy");
        let wrong = aws.resolve_image(&Image::Id("ami-jammy".into()), "t4g.medium").await.unwrap_err();
        assert!(wrong.to_string().contains("the image is for x86_64, the machine type is arm64"), "{wrong}");
        assert!(aws.resolve_image(&Image::Id("ami-none".into()), "t3.medium").await.is_err());
        let built = aws.resolve_image(&Image::Build("worker".into()), "t3.medium").await.unwrap_err();
        assert_eq!(built.kind, Kind::Refused);
    }

    #[test]
    fn the_newest_image_of_the_owner_is_taken_and_no_other_kind() {
        let ami = |id: &str, date: &str| {
            Ami::builder()
                .image_id(id)
                .creation_date(format!("{date}T00:00:00.000Z"))
                .owner_id("1")
                .virtualization_type(VirtualizationType::Hvm)
                .root_device_type(DeviceType::Ebs)
        };
        let found = [
            ami("ami-1", "2025-01-31").build(),
            ami("ami-2", "2025-10-01").build(),
            ami("ami-3", "2025-09-30").build(),
            ami("ami-4", "2026-01-01").owner_id("2").build(),
            ami("ami-5", "2026-01-01").virtualization_type(VirtualizationType::Paravirtual).build(),
            ami("ami-6", "2026-01-01").root_device_type(DeviceType::InstanceStore).build(),
        ];
        assert_eq!(newest_of(&found, "1"), Some("ami-2"));
        assert_eq!(newest_of(&found, "3"), None);
    }

    #[test]
    fn the_families_are_those_that_the_model_allows() {
        let known: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(known, Provider::Aws.image_families());
    }

    #[test]
    fn each_partition_has_accounts_of_its_own() {
        for (region, expected) in [
            ("eu-west-1", Some("099720109477")),
            ("cn-north-1", Some("837727238323")),
            ("us-gov-west-1", Some("513442679011")),
        ] {
            assert_eq!(CANONICAL.account(region).ok(), expected, "{region}");
        }
        assert_eq!(DEBIAN.account("cn-north-1").unwrap_err().kind, Kind::Refused);
    }
}

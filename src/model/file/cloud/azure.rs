//! Azure.

use super::{Cloud, Provisioning, Tags, TextRule, word};
use crate::model::file::read::{Wrong, wrong};

/// Managed disks that a machine can boot from ("Azure managed disk types").
const DISK_TYPES: &[&str] = &["Premium_LRS", "StandardSSD_LRS", "Standard_LRS", "Premium_ZRS", "StandardSSD_ZRS"];

pub static AZURE: Cloud = Cloud {
    title: "Azure",
    region: TextRule { check: region, example: "westeurope" },
    default_region: None,
    zone,
    zones_example: "[\"1\", \"2\", \"3\"]",
    // Some regions have no zones.
    default_zones: Some(&[]),
    most_zones: 3,
    machine: TextRule { check: machine, example: "Standard_D2s_v5" },
    default_machine: "Standard_D2s_v5",
    disk_types: Some(DISK_TYPES),
    default_disk_type: "Premium_LRS",
    // Ubuntu's images have 30 GiB; 4,095 GiB is the most of a disk that a machine boots from.
    disk_sizes: 30..=4_095,
    default_disk_size: 64,
    default_family: "ubuntu-24.04",
    image_id: TextRule {
        check: image_id,
        example: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/images/providers/Microsoft.Compute/images/worker",
    },
    default_user: "operations",
    default_provisioning: Provisioning::Ssh,
    needs_public_key: true,
    // "Subnets must be a /29 at least", a network a /8 at most.
    network: 8..=24,
    subnets: None,
    tags: Tags {
        // Fifty for each resource; ten are kept for those that are added.
        most: 40,
        longest_key: 512,
        longest_value: 256,
        // "Use tags to organize your Azure resources": names without `<>%&\?/`.
        key_character: |character| !"<>%&\\?/".contains(character),
        value_character: |_| true,
        characters: "no `<`, `>`, `%`, `&`, `\\`, `?` or `/` in names",
        reserved: &["azure", "microsoft", "windows"],
        fold_case: true,
    },
};

/// `westeurope`, `eastus2`: the name without blanks, not the one that the portal shows.
fn region(text: &str) -> Result<(), Wrong> {
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let good =
        letters.len() >= 4 && letters.bytes().all(|byte| byte.is_ascii_lowercase()) && text.len() - letters.len() <= 1;
    if good {
        return Ok(());
    }
    let plain: String = text.to_lowercase().chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect();
    let help = match plain != text && region(&plain).is_ok() {
        true => format!("write `{plain}`"),
        false => "write a region's name, such as `westeurope`; `az account list-locations` shows yours".into(),
    };
    Err(wrong("this is not a region's name", help))
}

fn zone(zone: &str, _: Option<&str>) -> Result<(), Wrong> {
    match zone {
        "1" | "2" | "3" => Ok(()),
        _ => Err(wrong("Azure's zones are numbers", "write `\"1\"`, `\"2\"` or `\"3\"`")),
    }
}

/// `Standard_D2s_v5`.
fn machine(text: &str) -> Result<(), Wrong> {
    let good = ["Standard_", "Basic_"].iter().any(|tier| text.strip_prefix(tier).is_some_and(|size| !size.is_empty()));
    match good && word(text).is_ok() {
        true => Ok(()),
        false => Err(wrong("this is not an Azure VM size", "write for example `Standard_D2s_v5`")),
    }
}

/// The resource id of an image, or of a version in a gallery.
fn image_id(text: &str) -> Result<(), Wrong> {
    let parts: Vec<&str> = text.split('/').collect();
    let good = match parts.as_slice() {
        [
            "",
            "subscriptions",
            subscription,
            "resourceGroups",
            group,
            "providers",
            "Microsoft.Compute",
            kind,
            rest @ ..,
        ] => {
            let named = [subscription, group].into_iter().chain(rest).all(|part| word(part).is_ok());
            let shape = matches!(
                (*kind, rest),
                ("images", [_]) | ("galleries", [_, "images", _]) | ("galleries", [_, "images", _, "versions", _])
            );
            named && shape
        }
        _ => false,
    };
    match good {
        true => Ok(()),
        false => Err(wrong(
            "this is not an image's resource id",
            "write `/subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/images/…`; `az image list` shows yours",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_zones() {
        for good in ["westeurope", "eastus2", "uksouth"] {
            assert_eq!(region(good), Ok(()), "{good}");
        }
        for bad in ["", "eu-west-1", "eastus22", "2", "é"] {
            assert!(region(bad).is_err(), "{bad}");
        }
        assert_eq!(region("West Europe").unwrap_err().help, "write `westeurope`");
        assert!(zone("4", None).is_err() && zone("westeurope-1", None).is_err());
    }

    #[test]
    fn machines_and_images() {
        assert_eq!(machine("Standard_NC24ads_A100_v4"), Ok(()));
        for bad in ["", "Standard_", "D2s_v5", "Standard_D2s v5", "t3.medium"] {
            assert!(machine(bad).is_err(), "{bad}");
        }
        let gallery =
            "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/galleries/a/images/b/versions/1.0.0";
        assert_eq!(image_id(gallery), Ok(()));
        for bad in [
            "",
            "ubuntu",
            "/subscriptions/x",
            &format!("{gallery}/../x"),
            "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/disks/a",
        ] {
            assert!(image_id(bad).is_err(), "{bad}");
        }
    }
}

//! AWS.

use super::{Cloud, Provisioning, Subnets, Tags, TextRule};
use crate::model::file::read::{Wrong, wrong};

/// Root disks of other types cannot be booted from, or want a number of operations that the file does not have.
const DISK_TYPES: &[&str] = &["gp3", "gp2"];

pub static AWS: Cloud = Cloud {
    title: "AWS",
    region: TextRule { check: region, example: "eu-west-1" },
    default_region: None,
    zone,
    zones_example: "[eu-west-1a, eu-west-1b]",
    // Which zones there are differs from account to account.
    default_zones: None,
    // The foundation module cuts the network in eight: seven zones, and one part for gateways.
    most_zones: 7,
    machine: TextRule { check: machine, example: "t3.large" },
    default_machine: "t3.medium",
    disk_types: Some(DISK_TYPES),
    default_disk_type: "gp3",
    // Ubuntu's and Debian's images have 8 GiB; 16 TiB is the most of a gp2 volume.
    disk_sizes: 8..=16_384,
    default_disk_size: 64,
    default_family: "ubuntu-24.04",
    image_id: TextRule { check: image_id, example: "ami-0123456789abcdef0" },
    default_user: "ubuntu",
    default_provisioning: Provisioning::Ssh,
    needs_public_key: true,
    // A VPC is a /16 at most; cut into 64 parts for gateways, a part must still be the /28 that a subnet is at least.
    network: 16..=22,
    // AWS keeps five addresses of each subnet ("Subnet sizing"), and the API's load balancer takes one.
    subnets: Some(Subnets { parts: 8, taken: 6 }),
    tags: Tags {
        // Fifty for each resource; ten are kept for those that are added.
        most: 40,
        longest_key: 128,
        longest_value: 256,
        // What every service takes, load balancers included ("Tag naming limits and requirements").
        key_character: tag_character,
        value_character: tag_character,
        characters: "letters, digits, blanks and `_.:/=+-@`",
        reserved: &["aws:"],
        fold_case: false,
    },
};

const SIDES: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];

/// `eu-west-1`: an area, a part of AWS if it is a closed one, a side and a number.
fn region(text: &str) -> Result<(), Wrong> {
    let help = "write a region's code, such as `eu-west-1`; `aws account list-regions` shows yours";
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else {
        return Err(wrong("this is not a region's code", help));
    };
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    let good_area = (2..=4).contains(&area.len()) && letters(area);
    let good_number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let good_middle = match middle {
        [side] => SIDES.contains(side),
        [part, side] => (2..=4).contains(&part.len()) && letters(part) && SIDES.contains(side),
        _ => false,
    };
    if let (true, Some((zone, _))) = (good_area && good_middle, number.char_indices().next_back()) {
        let bare = &text[..text.len() - number.len() + zone];
        if region(bare).is_ok() && !good_number {
            return Err(wrong("this is a zone", format!("write its region, `{bare}`")));
        }
    }
    match good_area && good_middle && good_number {
        true => Ok(()),
        false => Err(wrong("this is not a region's code", help)),
    }
}

fn zone(zone: &str, region: Option<&str>) -> Result<(), Wrong> {
    let letter = |rest: &str| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_lowercase());
    match region {
        Some(region) if zone.strip_prefix(region).is_some_and(letter) => Ok(()),
        Some(region) => {
            Err(wrong(format!("this is not a zone of {region}"), format!("write the region and a letter: `{region}a`")))
        }
        None if zone.len() > 1 && self::region(&zone[..zone.floor_char_boundary(zone.len() - 1)]).is_ok() => Ok(()),
        None => Err(wrong("this is not a zone", "write the region and a letter: `eu-west-1a`")),
    }
}

/// `t3.medium`, `m7i-flex.large`, `u-6tb1.112xlarge`: a family, a dot and a size.
fn machine(text: &str) -> Result<(), Wrong> {
    let part = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match text.split_once('.') {
        Some((family, size)) if part(family) && part(size) && text.len() <= 63 => Ok(()),
        _ => Err(wrong("this is not an EC2 instance type", "write for example `t3.large`")),
    }
}

fn image_id(text: &str) -> Result<(), Wrong> {
    let digits = text.strip_prefix("ami-").unwrap_or_default();
    let hex = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    match hex && matches!(digits.len(), 8 | 17) {
        true => Ok(()),
        false => Err(wrong("this is not an AMI's id", "write for example `ami-0123456789abcdef0`")),
    }
}

fn tag_character(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for good in
            ["eu-west-1", "us-gov-west-1", "us-iso-east-1", "ap-southeast-5", "eusc-de-east-1", "cn-northwest-1"]
        {
            assert_eq!(region(good), Ok(()), "{good}");
        }
        for bad in
            ["", "eu-wst-1", "west-1", "eu-west", "EU-WEST-1", "eu_west_1", "eu-west-1-", "westeurope", "eu-west-1é"]
        {
            assert!(region(bad).is_err(), "{bad}");
        }
        assert_eq!(region("eu-west-1a").unwrap_err().help, "write its region, `eu-west-1`");
    }

    #[test]
    fn zones() {
        assert_eq!(zone("eu-west-1a", Some("eu-west-1")), Ok(()));
        for bad in ["eu-west-2a", "eu-west-1", "eu-west-1aa", "a", "", "eu-west-1A"] {
            assert!(zone(bad, Some("eu-west-1")).is_err(), "{bad}");
        }
        assert_eq!(zone("eu-west-1a", None), Ok(()));
        assert!(zone("é", None).is_err());
    }

    #[test]
    fn machines_and_images() {
        for good in ["t3.medium", "m7i-flex.large", "u-6tb1.112xlarge", "m5.metal-24xl"] {
            assert_eq!(machine(good), Ok(()), "{good}");
        }
        for bad in ["", "t3", "t3.", ".large", "T3.large", "t3 large", "Standard_D2s_v5", "t3.x.y$(id)"] {
            assert!(machine(bad).is_err(), "{bad}");
        }
        assert_eq!(image_id("ami-01234567"), Ok(()));
        for bad in ["", "ami-", "ami-xyz", "ami-0123", "ubuntu", "AMI-01234567"] {
            assert!(image_id(bad).is_err(), "{bad}");
        }
    }
}

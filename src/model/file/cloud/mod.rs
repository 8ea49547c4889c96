//! What a cluster file may say on each cloud, and what it says when it is silent: data, so that nothing else in the file's
//! rules knows one cloud from another.

mod aws;
mod azure;
mod sandbox;

use std::ops::RangeInclusive;

use super::read::{Wrong, wrong};
use super::types::Provisioning;
use crate::model::provider::Provider;

/// One cloud's rules and defaults.
pub struct Cloud {
    pub title: &'static str,
    pub region: TextRule,
    pub default_region: Option<&'static str>,
    /// A zone of this region.
    pub zone: fn(zone: &str, region: Option<&str>) -> Result<(), Wrong>,
    pub zones_example: &'static str,
    pub default_zones: Option<&'static [&'static str]>,
    pub most_zones: usize,
    pub machine: TextRule,
    pub default_machine: &'static str,
    /// None: any word will do.
    pub disk_types: Option<&'static [&'static str]>,
    pub default_disk_type: &'static str,
    /// Of the root disk, in GiB.
    pub disk_sizes: RangeInclusive<u32>,
    pub default_disk_size: u32,
    pub default_family: &'static str,
    pub image_id: TextRule,
    pub default_user: &'static str,
    /// What makes machines nodes there. A sandbox's are no machines that could be logged in to.
    pub default_provisioning: Provisioning,
    /// Machines can be reached by SSH only with a key that they are made with.
    pub needs_public_key: bool,
    /// Prefix lengths that the machines' network may have.
    pub network: RangeInclusive<u8>,
    pub subnets: Option<Subnets>,
    pub tags: Tags,
}

pub type Check = fn(&str) -> Result<(), Wrong>;

/// A text's rule, and an example of it.
pub struct TextRule {
    pub check: Check,
    pub example: &'static str,
}

/// How the machines' network is cut: each zone gets one part.
pub struct Subnets {
    pub parts: u32,
    /// Addresses of each part that no machine can have.
    pub taken: u32,
}

pub struct Tags {
    /// How many the file may set, beside those that are added to each resource.
    pub most: usize,
    pub longest_key: usize,
    pub longest_value: usize,
    /// Characters that may stand in keys and in values.
    pub key_character: fn(char) -> bool,
    pub value_character: fn(char) -> bool,
    pub characters: &'static str,
    /// Beginnings of keys that are the cloud's own, in lower case.
    pub reserved: &'static [&'static str],
    /// Whether two keys that differ in case alone are the same to the cloud.
    pub fold_case: bool,
}

pub fn of(provider: Provider) -> &'static Cloud {
    match provider {
        Provider::Aws => &aws::AWS,
        Provider::Azure => &azure::AZURE,
        Provider::Sandbox => &sandbox::SANDBOX,
    }
}

/// Letters, digits and a few marks, at most 63: what fits a label's value as well.
fn word(text: &str) -> Result<(), Wrong> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let ends = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric())
        && text.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
    match ends && text.chars().all(good) && text.len() <= 63 {
        true => Ok(()),
        false => Err(wrong("this is not a plain word", "use at most 63 letters, digits and `-_.`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_keep_their_own_rules() {
        for provider in Provider::ALL {
            let cloud = of(provider);
            assert_eq!((cloud.machine.check)(cloud.default_machine), Ok(()));
            assert_eq!((cloud.machine.check)(cloud.machine.example), Ok(()));
            assert_eq!((cloud.region.check)(cloud.region.example), Ok(()));
            assert_eq!((cloud.image_id.check)(cloud.image_id.example), Ok(()));
            assert!(provider.image_families().contains(&cloud.default_family));
            assert!(cloud.disk_sizes.contains(&cloud.default_disk_size));
            assert!(cloud.disk_types.is_none_or(|types| types.contains(&cloud.default_disk_type)));
            for zone in cloud.default_zones.unwrap_or_default() {
                assert_eq!((cloud.zone)(zone, cloud.default_region), Ok(()));
            }
        }
    }
}

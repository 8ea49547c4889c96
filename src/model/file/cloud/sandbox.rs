//! The sandbox: machines that are lines in a register. It takes any names, so that a file can be tried as it is.

use super::{Cloud, Provisioning, Tags, TextRule, word};

pub static SANDBOX: Cloud = Cloud {
    title: "the sandbox",
    region: TextRule { check: word, example: "local" },
    default_region: Some("local"),
    zone: |zone, _| word(zone),
    zones_example: "[a, b]",
    default_zones: Some(&["a", "b"]),
    most_zones: 7,
    machine: TextRule { check: word, example: "small" },
    default_machine: "small",
    disk_types: None,
    default_disk_type: "virtual",
    disk_sizes: 1..=65_536,
    default_disk_size: 64,
    default_family: "ubuntu-24.04",
    image_id: TextRule { check: word, example: "image-1" },
    default_user: "ubuntu",
    default_provisioning: Provisioning::None,
    needs_public_key: false,
    network: 8..=28,
    subnets: None,
    tags: Tags {
        most: 40,
        longest_key: 128,
        longest_value: 256,
        key_character: |_| true,
        value_character: |_| true,
        characters: "any",
        reserved: &[],
        fold_case: false,
    },
};

//! The first entry of an operation, for tests; each test says what its parts are.

use std::collections::BTreeMap;

use super::{Command, Consent, Inputs, Part, Start};
use crate::model::lock::Holder;
use crate::model::machine::Place;
use crate::model::record::{Flavour, TerraformPin};

/// By this holder, on generation 7 of the record.
pub(crate) fn start(holder: Holder, parts: Vec<Part>) -> Start {
    Start {
        command: Command::Apply,
        holder,
        cluster_id: "c".into(),
        place: Place { account: "1".into(), region: "r".into() },
        base_generation: Some(7),
        inputs: Inputs { sha256: "0".into(), set: Vec::new() },
        keeps: None,
        terraform: TerraformPin {
            flavour: Flavour::Terraform,
            least_version: semver::Version::new(1, 11, 0),
            locks: BTreeMap::new(),
        },
        sizes: BTreeMap::new(),
        parts,
        partial: false,
        consent: Consent::Yes,
        accept_lost: Vec::new(),
        back_to: None,
    }
}

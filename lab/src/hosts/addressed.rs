//! The sandbox's machines with addresses.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::Hosts;
use crate::bridge::{Machine, Machines};
use crate::error::{Doing, LabError, Result};
use crate::sandbox::{Sandbox, entry, read};

/// A register whose machines get an address each in the network of the hosts, as a cloud gives one to what it starts.
/// Addresses are not used again.
pub struct Addressed {
    register: PathBuf,
    hosts: Hosts,
}

impl Addressed {
    pub fn new(sandbox: &Sandbox, hosts: &Hosts) -> Self {
        Self { register: sandbox.register().to_owned(), hosts: hosts.clone() }
    }

    fn give(&self, id: &str, address: &str) -> Result<()> {
        let file = self.register.join(format!("{id}.json"));
        let mut machine = entry(&file)?;
        machine["privateAddress"] = json!(address);
        // As Terraform's module does it: beside its place first, so that nobody reads half of it.
        let new = self.register.join(format!(".{id}.addressed"));
        std::fs::write(&new, machine.to_string()).doing(format_args!("writing {}", new.display()))?;
        std::fs::rename(&new, &file).doing(format_args!("writing {}", file.display()))
    }

    fn free(&self, machines: &[Machine]) -> Result<String> {
        let taken = |address: &String| machines.iter().any(|machine| machine.address == *address);
        let free = (10..=250).map(|number| self.hosts.address(number)).find(|address| !taken(address));
        free.ok_or_else(|| LabError::new("the network of the hosts is full"))
    }
}

impl Machines for Addressed {
    fn list(&self) -> Result<Vec<Machine>> {
        let mut machines = read(Path::new(&self.register))?;
        for index in 0..machines.len() {
            if machines[index].address.is_empty() {
                let address = self.free(&machines)?;
                self.give(&machines[index].id, &address)?;
                machines[index].address = address;
            }
        }
        Ok(machines)
    }
}

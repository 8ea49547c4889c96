//! States that a dead Terraform left half-written.
//!
//! Terraform writes a state that lies in a folder in place: it empties the file, and then writes it (`writeState` in
//! `internal/states/statemgr/filesystem.go` of both flavours). Killed in between, it leaves an empty file, which would
//! mean that nothing was ever made, or the half of one. Before its first write it copies what it found to a backup.
//! Buckets and containers take an object as a whole or not at all, and have no such backups.

use std::collections::BTreeMap;

use super::lease::Lease;
use super::ports::store::Object;
use super::ports::{Condition, Event, Ports, Put};
use super::state;
use crate::model::failure::{Failure, Result};
use crate::model::journal::Status;
use crate::model::names::StackId;
use crate::model::record::StackSerial;

/// Puts the backup in the place of a state that the former run's Terraform left empty or half-written. What was made or
/// ended since the backup is found as it is for any state that was not saved. `serials` are the record's.
///
/// To be called under the cluster's lock after it was taken over, and after Terraform's own left-over locks are gone.
pub async fn bring_back(
    ports: &Ports,
    lease: &Lease,
    status: &Status,
    serials: &BTreeMap<StackId, StackSerial>,
) -> Result<()> {
    for part in status.start().parts.iter().filter(|part| status.cut_off(&part.id).is_some()) {
        let stack = &part.id.stack;
        if ports.store.state_lock(&stack.state_key()).await?.is_none() {
            bring_one_back(ports, lease, stack, serials.get(stack)).await?;
        }
    }
    Ok(())
}

async fn bring_one_back(ports: &Ports, lease: &Lease, stack: &StackId, known: Option<&StackSerial>) -> Result<()> {
    let key = stack.state_key();
    if matches!(state::read(ports, stack).await, Ok(Some(_))) {
        return Ok(());
    }
    let Some(broken) = ports.store.get(&key).await? else { return Ok(()) };
    let Some(backup) = ports.store.get(&backup_of(&key)).await?.filter(|backup| follows(backup, known)) else {
        return Ok(());
    };
    lease.check()?;
    if let Put::Conflict = ports.store.put(&key, backup.bytes, Condition::Is(broken.version)).await? {
        return Err(Failure::failed(format!("the state of stack {stack} is being written by somebody else"))
            .hint("try again when they are done"));
    }
    let text = format!(
        "the run that died left the state of stack {stack} half-written; the one before it, Terraform's own backup, is put \
         back"
    );
    ports.progress.tell(Event::Warning { text });
    Ok(())
}

fn backup_of(key: &str) -> String {
    format!("{key}.backup")
}

/// Whether the backup is of this very state, and not older than what the record knows of it.
fn follows(backup: &Object, known: Option<&StackSerial>) -> bool {
    let Ok(Some(state)) = crate::model::state::parse(&backup.bytes) else { return false };
    known.is_none_or(|known| known.lineage == state.serial.lineage && known.serial <= state.serial.serial)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Object { bytes: text.as_bytes().to_vec().into(), version: crate::ops::ports::Version("v".into()), age: None }
    }

    #[test]
    fn only_the_same_states_backup_that_is_new_enough_is_put_back() {
        let backup = object(r#"{"version": 4, "serial": 3, "lineage": "l", "outputs": {}, "resources": []}"#);
        let known = |lineage: &str, serial| Some(StackSerial { lineage: lineage.into(), serial });
        for (known, expected) in
            [(None, true), (known("l", 2), true), (known("l", 3), true), (known("l", 4), false), (known("m", 3), false)]
        {
            assert_eq!(follows(&backup, known.as_ref()), expected, "{known:?}");
        }
        assert!(!follows(&object(""), None) && !follows(&object("{"), None));
    }
}

//! States that Terraform has locked: looked at, and never unlocked here.

use std::collections::BTreeSet;

use serde::Serialize;

use super::ports::Store;
use super::record;
use crate::model::failure::Result;
use crate::model::journal::Status;
use crate::model::names::StackId;
use crate::model::state_lock::StateLock;

/// A stack whose state Terraform holds, or held when it was killed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Locked {
    pub stack: StackId,
    /// None where what lies there cannot be read.
    pub lock: Option<StateLock>,
}

impl Locked {
    /// Who has it, as half a sentence.
    pub fn told(&self) -> String {
        match &self.lock {
            Some(lock) => format!(
                "the state of stack `{}` is locked by Terraform: {} of {}, since {}, lock {}",
                self.stack, lock.operation, lock.who, lock.created, lock.id
            ),
            None => format!(
                "the state of stack `{}` has a lock of Terraform's that names nobody, or cannot be read",
                self.stack
            ),
        }
    }
}

/// The locks on the stacks that the record knows, and on those that this operation was about to change.
pub async fn found(store: &dyn Store, unfinished: Option<&Status>) -> Result<Vec<Locked>> {
    let record = record::load(store).await?.map(|(record, _)| record);
    let recorded = record.into_iter().flat_map(|record| record.pools.into_keys().map(StackId::Pool));
    let touched = unfinished.into_iter().flat_map(|status| &status.start().parts).map(|part| part.id.stack.clone());
    let stacks: BTreeSet<StackId> = recorded.chain(touched).chain([StackId::Foundation]).collect();
    let mut locked = Vec::new();
    for stack in stacks {
        if let Some(object) = store.state_lock(&stack.state_key()).await? {
            locked.push(Locked { stack, lock: StateLock::parse(&object.bytes) });
        }
    }
    Ok(locked)
}

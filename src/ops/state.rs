//! Terraform's states, read from where Terraform keeps them.
//!
//! `terraform state pull` gives the same text, and needs an init of the stack and two starts of Terraform for it: some
//! seconds a stack, at each look.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

use super::ports::{Clock, Ports, Store};
use crate::model::failure::Result;
use crate::model::names::StackId;
use crate::model::state::{self, State};

/// How many are read side by side.
const AT_ONCE: usize = 16;

/// How often a state is read that is not whole, and how long its writer has for the rest. Terraform writes a state that
/// lies in a folder in place, so a reader may meet the half of it, or nothing.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);

/// A stack's state; None if there is none yet. Needs no lock.
pub async fn read(ports: &Ports, stack: &StackId) -> Result<Option<State>> {
    whole(ports.store.as_ref(), ports.clock.as_ref(), stack).await
}

async fn whole(store: &dyn Store, clock: &dyn Clock, stack: &StackId) -> Result<Option<State>> {
    let key = stack.state_key();
    let mut tries = 0;
    loop {
        let Some(object) = store.get(&key).await? else { return Ok(None) };
        let found = state::parse(&object.bytes);
        tries += 1;
        if matches!(found, Ok(Some(_))) || tries == TRIES {
            let place = || format!("the state of stack `{stack}` ({key} in {})", store.url());
            return found.map_err(|failure| failure.context(place()));
        }
        clock.sleep(PAUSE).await;
    }
}

/// Of these stacks, those that there are.
pub async fn read_all(ports: &Ports, stacks: Vec<StackId>) -> Result<BTreeMap<StackId, State>> {
    let states = stacks.into_iter().map(|stack| async move {
        let state = read(ports, &stack).await;
        state.map(|found| found.map(|state| (stack, state)))
    });
    let states: Vec<_> = stream::iter(states).buffered(AT_ONCE).try_collect().await?;
    Ok(states.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{MemoryStore, VirtualClock};

    const KEY: &str = "terraform/pool-w.tfstate";
    const WHOLE: &str = r#"{"version": 4, "serial": 3, "lineage": "l", "outputs": {}, "resources": []}"#;

    /// What is read of a store that holds `first`, and `then` as soon as the reader has paused once.
    async fn read_of(first: &str, then: &str) -> Result<Option<State>> {
        let (store, clock) = (MemoryStore::default(), VirtualClock::default());
        store.overwrite(KEY, first.to_owned());
        let stack = StackId::Pool("w".into());
        let (found, ()) = tokio::join!(whole(&store, &clock, &stack), async {
            clock.advance(Duration::ZERO).await;
            store.overwrite(KEY, then.to_owned());
            clock.advance(PAUSE * TRIES).await;
        });
        found
    }

    #[tokio::test]
    async fn half_a_state_is_read_again() {
        for (first, then) in [(WHOLE, "{"), ("", WHOLE), (&WHOLE[..30], WHOLE)] {
            assert_eq!(read_of(first, then).await.unwrap().map(|state| state.serial.serial), Some(3), "{first}");
        }
    }

    #[tokio::test]
    async fn what_stays_broken_is_named_and_what_stays_empty_is_none() {
        assert_eq!(read_of("", "").await, Ok(None));
        let failure = read_of("{", "{").await.unwrap_err();
        for named in ["pool-w", KEY, "could not be understood"] {
            assert!(failure.to_string().contains(named), "{named}: {failure}");
        }
    }
}

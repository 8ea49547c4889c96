//! Terraform's own lock on a state, where it was left behind: by a run that died, or by a Terraform that could not tell.

use std::time::Duration;

use super::lease::Lease;
use super::ports::{Event, Object, Ports};
use crate::model::failure::Result;
use crate::model::journal::{self, PartId, Status, TerraformRun};
use crate::model::lock::{STOP, TAKE_OVER_AFTER};
use crate::model::names::StackId;
use crate::model::state_lock::StateLock;

/// How long a Terraform that lives may take for the request that follows.
const AT_ONCE: Duration = Duration::from_secs(10);
/// By which a store's clock is coarse.
const COARSE: Duration = Duration::from_secs(1);

const NOBODY: &str = "it names nobody: its Terraform was ended while it took or gave it back";

/// Removes the locks that the former run's Terraform left on the states of the operation's stacks. Any other lock stays,
/// and the next plan reports it with its holder.
///
/// To be called under the cluster's lock after it was taken over: whoever had it, and its tools, have ended by then.
pub async fn remove_left_over(ports: &Ports, lease: &Lease, status: &Status) -> Result<()> {
    for part in &status.start().parts {
        remove_of(ports, lease, status, &part.id).await?;
    }
    Ok(())
}

/// Removes the lock that a Terraform of this very run left on a stack's state, which was started at `since` or later and
/// has ended: the answer to its taking or to its return was lost, or it was killed. Tells whether there was one.
///
/// Nobody has to be waited for: this run holds the cluster's lock, and saw its Terraform end.
pub async fn remove_own(ports: &Ports, lease: &Lease, stack: &StackId, since: jiff::Timestamp) -> Result<bool> {
    let key = stack.state_key();
    let Some(object) = ports.store.state_lock(&key).await? else { return Ok(false) };
    let run = TerraformRun { holder: lease.holder.clone(), at: since, taken_over: None };
    let whose = match StateLock::parse(&object.bytes) {
        Some(lock) if is_of(&lock, &run) => format!("{}, {}", lock.operation, lock.created),
        None if written_since(&object, since, ports.clock.now()) && names_nobody(ports, &key, &object).await? => {
            NOBODY.to_owned()
        }
        _ => return Ok(false),
    };
    remove(ports, lease, stack, &format!("this run's own Terraform ({whose})")).await?;
    Ok(true)
}

async fn remove_of(ports: &Ports, lease: &Lease, status: &Status, part: &PartId) -> Result<()> {
    let Some(run) = status.cut_off(part) else { return Ok(()) };
    let key = part.stack.state_key();
    let silent = lease.former_silent_for();
    let taken_over = match run.taken_over {
        Some(seq) => ports.store.get(&journal::key(status.operation(), seq)).await?.and_then(|entry| entry.age),
        None => None,
    };
    let Some(object) = ports.store.state_lock(&key).await? else { return Ok(()) };
    let whose = match StateLock::parse(&object.bytes) {
        Some(lock) if is_of(&lock, run) && is_from_before(&object, silent, taken_over) => {
            format!("{}, {}, {}", lock.who, lock.operation, lock.created)
        }
        None if names_nobody(ports, &key, &object).await? => NOBODY.to_owned(),
        _ => return Ok(()),
    };
    remove(ports, lease, &part.stack, &format!("the run that died ({whose})")).await
}

async fn remove(ports: &Ports, lease: &Lease, stack: &StackId, whose: &str) -> Result<()> {
    lease.check()?;
    ports.store.break_state_lock(&stack.state_key()).await?;
    let text = format!("Terraform's lock on the state of stack {stack} was left behind by {whose}, and is removed");
    ports.progress.tell(Event::Warning { text });
    Ok(())
}

/// Whether a lock is a lease that names nobody: its Terraform was ended between taking it and naming itself, or between
/// taking its name off and giving it back. One that lives does the other half at once. Should there be one all the same, it
/// loses nothing but its lease, and what it writes is refused.
async fn names_nobody(ports: &Ports, key: &str, found: &Object) -> Result<bool> {
    if !found.bytes.is_empty() || !ports.store.leases_states() {
        return Ok(false);
    }
    ports.clock.sleep(AT_ONCE).await;
    let again = ports.store.state_lock(key).await?;
    Ok(again.is_some_and(|again| again.bytes.is_empty() && again.version == found.version))
}

/// Whether a state, or the name of its lock's holder, was certainly written in this time: where it may have been a moment
/// before, the lease may be somebody else's. Ages are by the store's clock.
fn written_since(object: &Object, since: jiff::Timestamp, now: jiff::Timestamp) -> bool {
    let passed = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    object.age.is_some_and(|age| age + COARSE <= passed)
}

/// Whether it was written while its run or a tool of that could still be at work: the lock's former holder has been silent
/// for so long, and somebody took the operation over so long ago. Later ones are of a Terraform that the same person has
/// begun since. Ages are by the store's clock; where it tells none, nobody knows.
fn is_from_before(object: &Object, silent: Duration, taken_over: Option<Duration>) -> bool {
    let after_both = silent.saturating_sub(TAKE_OVER_AFTER).max(taken_over.unwrap_or_default());
    // And one that was written a moment ago is of a Terraform that works now.
    object.age.is_some_and(|age| age >= after_both.saturating_sub(COARSE).max(STOP))
}

/// Whether it is the very Terraform's that this run started: of its user and host, and not from before.
fn is_of(lock: &StateLock, run: &TerraformRun) -> bool {
    let created: Option<jiff::Timestamp> = lock.created.parse().ok();
    lock.who == format!("{}@{}", run.holder.login, run.holder.host) && created.is_some_and(|created| created >= run.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::holder;

    const TEXT: &str = r#"{"ID":"a6b9","Operation":"OperationTypeApply","Info":"","Who":"ada@laptop","Version":"1.11.4",
        "Created":"2026-11-22T06:32:38.856992236Z","Path":"b/terraform/foundation.tfstate"}"#;

    fn object(age: u64) -> Object {
        let version = crate::ops::ports::Version("v".into());
        Object { bytes: Default::default(), version, age: Some(Duration::from_secs(age)) }
    }

    #[test]
    fn what_was_written_after_a_run_could_be_at_work_is_not_its_own() {
        let from_before = |age, silent| is_from_before(&object(age), Duration::from_secs(silent), None);
        assert!(from_before(100, 100) && from_before(30, 100) && from_before(30, 0));
        assert!(!from_before(29, 100), "a Terraform that works now");
        // It was silent for an hour: what began half an hour ago is somebody's.
        assert!(!from_before(1800, 3600) && !from_before(3500, 3600));
        assert!(from_before(3510, 3600) && from_before(4000, 3600));
        // Somebody had gone on with it a quarter of an hour ago, and was silent for 100 s in the end.
        let taken_over = |age| is_from_before(&object(age), Duration::from_secs(100), Some(Duration::from_secs(900)));
        assert!(!taken_over(800) && taken_over(900));
        assert!(!is_from_before(&Object { age: None, ..object(0) }, Duration::from_secs(100), None));
    }

    #[test]
    fn what_was_written_before_a_run_is_not_its_own() {
        let since = "2026-11-22T06:32:38Z".parse().unwrap();
        let now = "2026-11-22T06:32:48Z".parse().unwrap();
        assert!(written_since(&object(0), since, now) && written_since(&object(9), since, now));
        assert!(!written_since(&object(10), since, now), "in the second before, maybe");
        assert!(!written_since(&Object { age: None, ..object(0) }, since, now));
        assert!(!written_since(&object(2), now, since), "a clock that was set back");
    }

    #[test]
    fn only_the_runs_own_lock_is_its_left_over() {
        let lock = StateLock::parse(TEXT.as_bytes()).unwrap();
        let run =
            |user: &str, at: &str| TerraformRun { holder: holder(user), at: at.parse().unwrap(), taken_over: None };
        assert!(is_of(&lock, &run("ada", "2026-11-22T06:32:38Z")));
        assert!(!is_of(&lock, &run("bob", "2026-11-22T06:32:38Z")));
        assert!(!is_of(&lock, &run("ada", "2026-11-22T06:32:39Z")));
    }
}

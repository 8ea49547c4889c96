//! Virtual time: it moves when nobody can do anything more, to the next moment at which somebody wakes.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Whose time passes. The index is the process's; its machine, and all that runs on it, has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Networks, clouds, and whoever watches.
    World,
    Scaler(usize),
    /// Terraform, below the supervisor of a scaler.
    Tool(usize),
}

impl Owner {
    fn machine(self) -> Option<usize> {
        match self {
            Owner::World => None,
            Owner::Scaler(machine) | Owner::Tool(machine) => Some(machine),
        }
    }
}

/// All who sleep.
#[derive(Default)]
pub struct Time {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    now: Duration,
    slept: u64,
    steps: u64,
    queue: BTreeMap<Key, Owner>,
    /// Whom to wake, by number: where a sleep stands in the queue may change.
    wakers: BTreeMap<u64, Waker>,
    fired: BTreeSet<u64>,
    dead: BTreeSet<Owner>,
    /// Machine → when it wakes up.
    frozen: BTreeMap<usize, Duration>,
}

/// When to wake, and in which order they lay down.
type Key = (Duration, u64);

/// What a step of time came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Went,
    /// Nobody will ever wake again.
    Stalled,
}

impl Time {
    pub fn starting_at(now: Duration) -> Time {
        Time { inner: Mutex::new(Inner { now, ..Inner::default() }) }
    }

    pub fn now(&self) -> Duration {
        self.inner.lock().unwrap().now
    }

    /// How many times somebody woke.
    pub fn steps(&self) -> u64 {
        self.inner.lock().unwrap().steps
    }

    /// Who is dead never wakes again, and neither does what it waits in.
    pub fn bury(&self, owner: Owner) {
        self.inner.lock().unwrap().dead.insert(owner);
    }

    pub fn is_dead(&self, owner: Owner) -> bool {
        self.inner.lock().unwrap().dead.contains(&owner)
    }

    /// A machine sleeps until then, and everything on it. One that sleeps already goes on as it was.
    pub fn freeze(&self, machine: usize, until: Duration) {
        let mut inner = self.inner.lock().unwrap();
        let now = inner.now;
        if inner.frozen.get(&machine).is_none_or(|until| *until <= now) {
            inner.frozen.insert(machine, until);
        }
    }

    /// Who sleep now.
    pub fn frozen(&self) -> Vec<usize> {
        let inner = self.inner.lock().unwrap();
        inner.frozen.iter().filter(|(_, until)| **until > inner.now).map(|(machine, _)| *machine).collect()
    }

    /// A machine that sleeps wakes up as early as this.
    pub fn rouse(&self, machine: usize, at: Duration) {
        let mut inner = self.inner.lock().unwrap();
        let Some(until) = inner.frozen.get(&machine).copied().filter(|until| *until > at) else { return };
        inner.frozen.insert(machine, at);
        let put_off = inner.queue.range((until, 0)..=(until, u64::MAX));
        let numbers: Vec<u64> =
            put_off.filter(|(_, owner)| owner.machine() == Some(machine)).map(|((_, number), _)| *number).collect();
        for number in numbers {
            if let Some(owner) = inner.queue.remove(&(until, number)) {
                inner.queue.insert((at, number), owner);
            }
        }
    }

    /// Whether a machine sleeps now.
    pub fn is_frozen(&self, machine: usize) -> bool {
        let inner = self.inner.lock().unwrap();
        inner.frozen.get(&machine).is_some_and(|until| *until > inner.now)
    }

    pub fn sleep(self: &Arc<Time>, owner: Owner, time: Duration) -> Sleep {
        Sleep { time: self.clone(), owner, length: time, key: None, number: 0 }
    }

    /// Wakes whoever is next. To be called when all have done what they can.
    pub fn step(&self) -> Step {
        let mut inner = self.inner.lock().unwrap();
        loop {
            let Some(((at, number), owner)) = inner.queue.pop_first() else { return Step::Stalled };
            if inner.dead.contains(&owner) {
                continue;
            }
            let until = owner.machine().and_then(|machine| inner.frozen.get(&machine).copied());
            if let Some(until) = until.filter(|until| *until > at) {
                inner.queue.insert((until, number), owner);
                continue;
            }
            inner.now = inner.now.max(at);
            inner.steps += 1;
            inner.fired.insert(number);
            let waker = inner.wakers.remove(&number);
            drop(inner);
            if let Some(waker) = waker {
                waker.wake();
            }
            return Step::Went;
        }
    }
}

/// Ends when its time is over, for those who live to see it.
pub struct Sleep {
    time: Arc<Time>,
    owner: Owner,
    length: Duration,
    key: Option<Key>,
    number: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let time = self.time.clone();
        let mut inner = time.inner.lock().unwrap();
        let Some((_, number)) = self.key else {
            inner.slept += 1;
            let key = (inner.now + self.length, inner.slept);
            inner.queue.insert(key, self.owner);
            inner.wakers.insert(key.1, context.waker().clone());
            (self.key, self.number) = (Some(key), key.1);
            return Poll::Pending;
        };
        if inner.fired.remove(&number) {
            return if inner.dead.contains(&self.owner) { Poll::Pending } else { Poll::Ready(()) };
        }
        inner.wakers.insert(number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let Some((at, number)) = self.key else { return };
        let mut inner = self.time.inner.lock().unwrap();
        inner.fired.remove(&number);
        inner.wakers.remove(&number);
        let until = self.owner.machine().and_then(|machine| inner.frozen.get(&machine).copied());
        inner.queue.remove(&(at, number));
        // A machine that slept has put it off.
        if let Some(until) = until {
            inner.queue.remove(&(until, number));
        }
    }
}

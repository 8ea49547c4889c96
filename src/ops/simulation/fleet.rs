//! All scalers that ever were in a world, by number.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use jiff::SignedDuration;

use super::process::{Killed, Process};

#[derive(Default)]
pub struct Fleet {
    states: Mutex<BTreeMap<usize, State>>,
    runs: Mutex<BTreeMap<usize, Weak<Process>>>,
}

#[derive(Default, Clone)]
struct State {
    death: Option<(Duration, Killed)>,
    /// By how much the clock on the wall of its machine was set.
    set_by: SignedDuration,
}

impl Fleet {
    pub fn copy(&self) -> Fleet {
        Fleet { states: Mutex::new(self.states.lock().unwrap().clone()), runs: Mutex::default() }
    }

    /// When this scaler was killed, and what of it.
    pub fn death(&self, index: usize) -> Option<(Duration, Killed)> {
        self.states.lock().unwrap().get(&index).and_then(|state| state.death)
    }

    /// The run with this number, while anybody goes on with it.
    pub fn run(&self, index: usize) -> Option<Arc<Process>> {
        self.runs.lock().unwrap().get(&index).and_then(Weak::upgrade)
    }

    pub fn runs(&self, index: usize, process: &Arc<Process>) {
        self.runs.lock().unwrap().insert(index, Arc::downgrade(process));
    }

    pub fn died(&self, index: usize, at: Duration, killed: Killed) {
        if let Some(state) = self.states.lock().unwrap().get_mut(&index) {
            state.death = Some((at, killed));
        }
    }

    /// By how much the clock on the wall of this scaler's machine was set since it began.
    pub fn set_by(&self, index: usize) -> SignedDuration {
        self.states.lock().unwrap().get(&index).map_or(SignedDuration::ZERO, |state| state.set_by)
    }

    pub fn sets_clock(&self, index: usize, by: SignedDuration) {
        if let Some(state) = self.states.lock().unwrap().get_mut(&index) {
            state.set_by += by;
        }
    }

    /// A number for one more.
    pub fn add(&self) -> usize {
        let mut states = self.states.lock().unwrap();
        let index = states.len();
        states.insert(index, State::default());
        index
    }
}

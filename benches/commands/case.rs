//! Runs of two programs in turn, and what they come to.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

pub struct Scale {
    pub program: PathBuf,
    /// In earnest: with the sizes that are published, and often enough. Otherwise small, and once.
    pub full: bool,
}

impl Scale {
    /// One of two numbers: in earnest, or small.
    pub fn of(&self, full: usize, small: usize) -> usize {
        if self.full { full } else { small }
    }

    pub fn runs(&self, full: usize) -> usize {
        self.of(full, 1)
    }
}

/// Durations of one command's runs, sorted; never empty.
pub struct Times(Vec<Duration>);

impl Times {
    pub fn median(&self) -> Duration {
        let middle = self.0.len() / 2;
        if self.0.len().is_multiple_of(2) { (self.0[middle - 1] + self.0[middle]) / 2 } else { self.0[middle] }
    }

    pub fn least(&self) -> Duration {
        self.0[0]
    }

    pub fn most(&self) -> Duration {
        self.0[self.0.len() - 1]
    }

    pub fn runs(&self) -> usize {
        self.0.len()
    }
}

/// One thing measured: ours, and the peer's in the same run.
pub struct Row {
    pub name: String,
    pub ours: Times,
    pub peer: String,
    pub peers: Times,
}

/// Runs both in turn, so that whatever else the machine does meets both; one run of each before that is not counted.
pub fn compare(
    name: impl Into<String>,
    runs: usize,
    mut ours: impl FnMut(),
    peer: impl Into<String>,
    mut theirs: impl FnMut(),
) -> Row {
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    ours();
    theirs();
    for _ in 0..runs {
        our_times.push(timed(&mut ours));
        their_times.push(timed(&mut theirs));
    }
    our_times.sort();
    their_times.sort();
    Row { name: name.into(), ours: Times(our_times), peer: peer.into(), peers: Times(their_times) }
}

fn timed(act: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    act();
    start.elapsed()
}

/// Runs a command that must succeed; gives its standard output.
pub fn must(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{}{said}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

//! Runs of two programs in turn, and what they come to.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

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

/// What one side was measured at, sorted; never empty.
pub struct Figures(Vec<f64>);

impl Figures {
    pub fn new(mut figures: Vec<f64>) -> Figures {
        figures.sort_by(f64::total_cmp);
        Figures(figures)
    }

    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len().is_multiple_of(2) { (self.0[middle - 1] + self.0[middle]) / 2.0 } else { self.0[middle] }
    }

    pub fn least(&self) -> f64 {
        self.0[0]
    }

    pub fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    pub fn runs(&self) -> usize {
        self.0.len()
    }
}

/// One thing measured, of which less is better: ours, and the peer's in the same run.
pub struct Row {
    pub name: String,
    /// Such as `ms`, or what is counted.
    pub unit: &'static str,
    pub ours: Figures,
    pub peer: String,
    pub peers: Figures,
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
    let (ours, peers) = (Figures::new(our_times), Figures::new(their_times));
    Row { name: name.into(), unit: "ms", ours, peer: peer.into(), peers }
}

/// In milliseconds.
fn timed(act: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    act();
    start.elapsed().as_secs_f64() * 1000.0
}

/// Runs a command that must succeed; gives its standard output.
pub fn must(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{}{said}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

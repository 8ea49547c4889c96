//! The program, made mortal: it tells each point at which something outside changes, and dies at the one that is ordered.
//!
//! `SCALER_MORTAL_LOG=FILE`: each point is a line there; before them come the changes that there may be (`may CHANGE`),
//! between them those that came (`did CHANGE`). `SCALER_MORTAL_DIE=POINT`: the line at which it dies.
//! `SCALER_MORTAL_TREE=1`: with everything that it started. `SCALER_MORTAL_LATER=SECONDS`: the cluster's lock looks that
//! much older, as if its holder had been silent for so long.

#![expect(clippy::disallowed_methods, reason = "what it is to do is told by the environment")]

mod change;
mod death;
mod ports;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use change::Change;
use scaler::cli::Between;
use scaler::ops::ports::{Ports, Progress};

/// What was ordered, and how often each point came.
pub struct Fate {
    log: Option<String>,
    die: Option<String>,
    tree: bool,
    later: Duration,
    seen: Mutex<BTreeMap<String, u32>>,
}

impl Fate {
    fn of_environment() -> Fate {
        let text = |name: &str| std::env::var(name).ok();
        let fate = Fate {
            log: text("SCALER_MORTAL_LOG"),
            die: text("SCALER_MORTAL_DIE"),
            tree: text("SCALER_MORTAL_TREE").is_some(),
            later: Duration::from_secs(
                text("SCALER_MORTAL_LATER").map_or(0, |seconds| seconds.parse().expect("a number of seconds")),
            ),
            seen: Mutex::default(),
        };
        Change::ALL.iter().for_each(|change| fate.log(&format!("may {}", change.told())));
        fate
    }

    fn log(&self, line: &str) {
        if let Some(log) = &self.log {
            let mut file = std::fs::File::options().create(true).append(true).open(log).expect("the list of points");
            writeln!(file, "{line}").expect("room for a line");
        }
    }

    /// One point. The same name again has another number.
    pub fn point(&self, name: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(name.to_owned()).or_default();
        *count += 1;
        let point = format!("{name} #{count}");
        self.log(&point);
        if self.die.as_deref() == Some(point.as_str()) {
            death::die(self.tree);
        }
    }

    /// A change, between two points.
    pub async fn around<T>(&self, change: Change, name: &str, work: impl Future<Output = T>) -> T {
        self.point(&format!("before {name}"));
        let done = work.await;
        self.log(&format!("did {}", change.told()));
        self.point(&format!("after {name}"));
        done
    }
}

struct Mortal(Arc<Fate>);

impl Between for Mortal {
    fn ports(&self, ports: Ports) -> Ports {
        ports::mortal(ports, &self.0)
    }

    fn progress(&self, progress: Arc<dyn Progress>) -> Arc<dyn Progress> {
        Arc::new(ports::MortalProgress { inner: progress, fate: self.0.clone() })
    }
}

fn main() -> ExitCode {
    scaler::cli::main_with(|| Box::new(Mortal(Arc::new(Fate::of_environment()))))
}

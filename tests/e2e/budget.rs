//! Whether a workload's budget was kept, all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use scaler_lab::Kubernetes;

use crate::world::ready;

/// How often the pods are counted: more often than one comes or goes.
const EVERY: Duration = Duration::from_millis(250);

/// Counts a namespace's pods as long as it lives.
pub struct Counting {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<usize>>,
}

impl Counting {
    pub fn pods_of(k: &'static Kubernetes, namespace: &str) -> Counting {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, namespace) = (stop.clone(), namespace.to_owned());
        let thread = std::thread::spawn(move || {
            let mut fewest = usize::MAX;
            while !stopped.load(Ordering::Relaxed) {
                fewest = fewest.min(ready(k, &namespace));
                std::thread::sleep(EVERY);
            }
            fewest
        });
        Counting { stop, thread: Some(thread) }
    }

    /// Never were fewer ready than these.
    #[track_caller]
    pub fn never_below(mut self, least: usize) {
        self.stop.store(true, Ordering::Relaxed);
        let fewest = self.thread.take().map(|thread| thread.join().expect("the pods were counted"));
        assert!(fewest >= Some(least), "only {fewest:?} pods were ready, and their budget asks for {least}");
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

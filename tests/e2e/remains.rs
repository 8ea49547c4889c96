//! What a run must not leave behind.

use std::path::Path;

use scaler_lab::wait_for;

use crate::world::{World, runs};

impl World {
    /// Processes that know of this world's folder: the program, its tools, and who watches over them.
    pub fn processes(&self) -> Vec<String> {
        processes_of(self.folder())
    }

    fn temporary(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder().join("tmp")).expect("the folder of temporary files");
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// No process and no temporary file is left, at the latest when a tool's stop time is over.
    #[track_caller]
    pub fn nothing_stays(&self) {
        wait_for("every process of the run to be gone", || self.processes().is_empty().then_some(()));
        assert_eq!(self.temporary(), Vec::<String>::new(), "temporary files stay");
    }

    #[track_caller]
    pub fn lock_is_free(&self) {
        assert_eq!(self.lock()["state"], "released", "{}", self.lock());
    }

    pub fn lock(&self) -> serde_json::Value {
        self.object("lock.json")
    }

    /// Every machine that runs is of a node in the record, and every node of the record has its machine.
    #[track_caller]
    pub fn record_equals_the_world(&self) {
        let mut running: Vec<String> = self.sandbox.machines().into_iter().filter(runs).map(|one| one.node).collect();
        running.retain(|node| node.contains(&self.pool));
        running.sort();
        let mut recorded = self.workers();
        recorded.sort();
        assert_eq!(recorded, running, "the record's nodes, and the machines that run");
    }

    /// After a run that ended in order: nothing of it stays, and the next one may begin.
    #[track_caller]
    pub fn is_in_order(&self) {
        self.nothing_stays();
        self.lock_is_free();
        self.record_equals_the_world();
        assert_eq!(self.unschedulable(), Vec::<String>::new(), "nodes are cordoned");
    }
}

/// Processes that know of a program's folder.
pub fn processes_of(folder: &Path) -> Vec<String> {
    let mark = folder.display().to_string();
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    processes.filter_map(|entry| of_mark(&entry.path(), &mark)).collect()
}

/// A process that names the mark in its arguments or its environment, as text. One that has just ended has neither.
fn of_mark(process: &Path, mark: &str) -> Option<String> {
    let text = |name: &str| {
        let bytes = std::fs::read(process.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    let (arguments, environment) = (text("cmdline"), text("environ"));
    let found = arguments.contains(mark) || environment.contains(mark);
    found.then(|| format!("{}: {arguments}", process.display()))
}

//! Looks for markers where anybody could see them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::world::World;

/// Reads every process's arguments as long as it lives.
pub struct Search {
    markers: Vec<String>,
    folders: Vec<PathBuf>,
    stop: Arc<AtomicBool>,
    arguments: Arc<Mutex<BTreeSet<String>>>,
    reading: JoinHandle<()>,
}

impl Search {
    pub fn of(world: &World, markers: Vec<String>) -> Search {
        let folders = vec![world.folder().to_owned(), world.sandbox.register().to_owned()];
        // Often enough to see what runs for a hundredth of a second, and others get to work too.
        Search::through(folders, markers, Duration::from_millis(4))
    }

    /// Of programs that work in these folders; their processes are looked at this often.
    pub fn through(folders: Vec<PathBuf>, markers: Vec<String>, pause: Duration) -> Search {
        let (stop, arguments) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeSet::new())));
        let marks: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let (end, seen) = (stop.clone(), arguments.clone());
        let here = std::fs::read_link("/proc/self/ns/mnt").expect("a mount name space");
        let mut watch = Watch { marks, here, strangers: BTreeMap::new() };
        let reading = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let found = watch.arguments();
                seen.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                std::thread::sleep(pause);
            }
        });
        Search { markers, folders, stop, arguments, reading }
    }

    /// These are looked for too, also where it has looked already.
    pub fn learn(&mut self, markers: impl IntoIterator<Item = String>) {
        self.markers.extend(markers);
    }

    #[track_caller]
    pub fn clean(&self, text: &str, whose: &str) {
        for marker in &self.markers {
            assert!(!text.contains(marker.as_str()), "`{marker}` is in {whose}:\n{text}");
        }
    }

    /// All runs are over: looks at what stays, but for the files in which the test itself put a secret.
    #[track_caller]
    pub fn ends(self, planted: &[&str]) {
        self.stop.store(true, Ordering::Relaxed);
        let arguments = self.arguments.clone();
        let planted: Vec<PathBuf> = planted.iter().map(|name| self.folders[0].join(name)).collect();
        for file in self.folders.iter().flat_map(|folder| files(folder)).filter(|file| !planted.contains(file)) {
            let text = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            self.clean(&String::from_utf8_lossy(&text), &file.display().to_string());
        }
        let arguments = arguments.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for tool in ["__supervise", "proxy", "apply", "show"] {
            assert!(arguments.iter().any(|line| line.contains(tool)), "`{tool}` was never seen: {arguments:?}");
        }
        arguments.iter().for_each(|line| self.clean(line, "the list of processes"));
        let Search { reading, .. } = self;
        reading.join().expect("the list of processes was read");
    }
}

/// Reads arguments of processes, those of strangers a few times only: they are many, and live long.
struct Watch {
    /// Folders; a process that names one in its environment is ours.
    marks: Vec<String>,
    /// A process in another mount name space than this is one of the lab's hosts.
    here: PathBuf,
    /// How often each was seen that is not.
    strangers: BTreeMap<PathBuf, u32>,
}

impl Watch {
    /// How often a process is looked at before it is taken for a stranger for good: one that has just begun still has
    /// to become what it will be.
    const LOOKS: u32 = 20;

    fn arguments(&mut self) -> Vec<String> {
        let read = |path: PathBuf| std::fs::read(path).unwrap_or_default();
        let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
        let is_process =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
        let processes: BTreeSet<PathBuf> = processes.map(|entry| entry.path()).filter(is_process).collect();
        // A number that was given back may come again.
        self.strangers.retain(|process, _| processes.contains(process));
        let mut found = Vec::new();
        for process in processes {
            if self.strangers.get(&process).is_some_and(|looks| *looks >= Self::LOOKS) {
                continue;
            }
            let environment = read(process.join("environ"));
            let environment = String::from_utf8_lossy(&environment);
            let on_host = || std::fs::read_link(process.join("ns/mnt")).is_ok_and(|space| space != self.here);
            if self.marks.iter().any(|mark| environment.contains(mark.as_str())) || on_host() {
                found.push(String::from_utf8_lossy(&read(process.join("cmdline"))).replace('\0', " "));
            } else {
                *self.strangers.entry(process).or_default() += 1;
            }
        }
        found
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            files.extend(self::files(&entry.path()));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}

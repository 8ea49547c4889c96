//! The death of a process, alone or with all that it started.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// Does not return. With `tree`, nobody lives on who could tell a tool to end in order.
pub fn die(tree: bool) -> ! {
    let own = getpid();
    if tree {
        let below = below(own);
        // Stopped first, so that none of them sees another's end.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &below {
                // One that has ended by itself needs nothing.
                let _ = kill_process(*pid, signal);
            }
        }
    }
    let _ = kill_process(own, Signal::KILL);
    unreachable!("nobody lives after SIGKILL")
}

/// Every process below this one.
fn below(root: Pid) -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").expect("a list of processes").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name is in brackets, and may have any character in it.
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        children.entry(parent.unwrap_or_default()).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut open = vec![root.as_raw_nonzero().get()];
    while let Some(pid) = open.pop() {
        let of_pid = children.remove(&pid).unwrap_or_default();
        found.extend(of_pid.iter().filter_map(|pid| Pid::from_raw(*pid)));
        open.extend(of_pid);
    }
    found
}

//! Everything below the supervisor: found, signalled and reaped.

use std::io;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, wait};

use super::tool::Tool;

/// Makes this process the new parent of every orphan below it (`PR_SET_CHILD_SUBREAPER`), instead of process 1.
pub fn adopt() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

#[derive(Debug, PartialEq, Eq)]
pub enum Reaped {
    /// No process below this one is left.
    All,
    SomeLeft,
}

/// Takes note of all children that have ended.
pub fn reap(tool: &mut Tool) -> io::Result<Reaped> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => tool.note(pid, status),
            Ok(None) => return Ok(Reaped::SomeLeft),
            Err(Errno::CHILD) => return Ok(Reaped::All),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Signals every child. It is ours until we reap it, so its number cannot have gone to another process.
pub fn signal(signal: Signal) {
    for pid in children().into_iter().filter_map(Pid::from_raw) {
        // It may have ended in the meantime, which is what we want.
        let _ = kill_process(pid, signal);
    }
}

/// The children of this process, from `/proc`, because `/proc/…/children` is not in every kernel.
pub fn children() -> Vec<i32> {
    let me = getpid().as_raw_nonzero().get();
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| parent(&stat) == Some(me)))
        .collect()
}

/// The parent in the text of `/proc/<pid>/stat`: the second field after the name, which is in parentheses and may
/// itself hold parentheses and spaces (proc_pid_stat(5)).
fn parent(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent("12 (sh) S 7 12 12 0 -1"), Some(7));
        assert_eq!(parent("12 (a) b) S 3 (x) R 9 12"), Some(9));
        assert_eq!(parent("12 (sh"), None);
    }
}

//! The keeper of a temporary folder, as `scaler` starts it.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::{FlockOperation, flock};

use crate::support::{SUPERVISOR, wait_until};

fn keeper(folder: &Path) -> Child {
    let mut command = Command::new(SUPERVISOR);
    command.arg("__keep").arg(folder).arg("errored.tfstate").stdin(Stdio::piped()).spawn().unwrap()
}

/// What SIGKILL does to the other end of the keeper's standard input.
fn abandoned(keeper: &mut Child) {
    drop(keeper.stdin.take());
}

fn folder() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("work/pool-w/.terraform")).unwrap();
    std::fs::write(root.path().join("work/pool-w/main.tf"), "").unwrap();
    root
}

#[test]
fn the_folder_goes_when_nobody_wants_it_any_more() {
    let root = folder();
    let work = root.path().join("work");
    let mut keeper = keeper(&work);
    assert!(keeper.try_wait().unwrap().is_none() && work.exists());
    abandoned(&mut keeper);
    assert!(keeper.wait().unwrap().success());
    assert!(!work.exists());
}

#[test]
fn the_folder_stays_as_long_as_a_tool_works_in_it() {
    let root = folder();
    let work = root.path().join("work");
    let held = File::open(&work).unwrap();
    flock(&held, FlockOperation::LockShared).unwrap();
    let mut keeper = keeper(&work);
    abandoned(&mut keeper);
    // It waits for the lock now (proc_pid_wchan(5) is not everywhere; `/proc/locks` marks who waits with `->`).
    let inode = format!(":{} ", std::os::unix::fs::MetadataExt::ino(&held.metadata().unwrap()));
    let waits = |line: &&str| line.contains("->") && line.contains(&inode);
    wait_until(|| std::fs::read_to_string("/proc/locks").unwrap().lines().find(waits).map(|_| ()));
    assert!(keeper.try_wait().unwrap().is_none() && work.join("pool-w/main.tf").exists());
    drop(held);
    assert!(keeper.wait().unwrap().success());
    assert!(!work.exists());
}

#[test]
fn the_only_record_of_what_was_made_is_spared() {
    let root = folder();
    let work = root.path().join("work");
    std::fs::write(work.join("pool-w/errored.tfstate"), "{}").unwrap();
    let mut keeper = keeper(&work);
    abandoned(&mut keeper);
    assert!(keeper.wait().unwrap().success());
    assert!(work.join("pool-w/errored.tfstate").exists());
}

#[test]
fn a_signal_to_everybody_does_not_end_it_early() {
    let root = folder();
    let work = root.path().join("work");
    let mut keeper = keeper(&work);
    // Its name shows that its signals are handled by then.
    let comm = format!("/proc/{}/comm", keeper.id());
    wait_until(|| std::fs::read_to_string(&comm).ok().filter(|name| name.starts_with("scaler-keeper")));
    for signal in ["-INT", "-TERM", "-HUP"] {
        assert!(Command::new("kill").args([signal, &keeper.id().to_string()]).status().unwrap().success());
    }
    assert!(work.exists() && keeper.try_wait().unwrap().is_none());
    abandoned(&mut keeper);
    assert!(keeper.wait().unwrap().success());
    assert!(!work.exists());
}

//! The ends of runs that are killed, and who goes on after them.

use std::path::Path;
use std::process::{Command, Stdio};

use super::cluster::Bare;
use super::spoil::wait_long;
use crate::gates::Gates;
use crate::remains::processes_of;
use crate::running::Running;
use crate::world::{Program, Said};

/// Starts a run, and waits until it is about to tell Terraform to apply.
pub fn at_apply(bare: &Bare, gates: &Gates, args: &[&str]) -> Running {
    gates.shut("apply");
    let mut running = Running::start(&bare.program, args);
    wait_long("Terraform's apply", || {
        running.check();
        gates.is_reached("apply").then_some(())
    });
    running
}

/// Kills a run and everything that it has started, until nothing is left.
pub fn kill_tree(bare: &Bare, running: Running) {
    running.signal("KILL");
    drop(running);
    wait_long("every process of the run to be killed", || {
        let left = processes_of(bare.program.folder.path());
        for pid in left.iter().filter_map(|line| line.strip_prefix("/proc/")?.split(':').next()) {
            // One that has ended by itself needs nothing.
            let _ = Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status();
        }
        left.is_empty().then_some(())
    });
}

/// Waits until whatever a killed run has started has ended by itself.
pub fn nothing_runs(program: &Program) {
    wait_long("every process of the run to be gone", || processes_of(program.folder.path()).is_empty().then_some(()));
}

/// `scaler resume` in another folder, as soon as the lock's term is over: who comes earlier is told that it is held.
pub fn resumed(bare: &Bare, elsewhere: &Path) -> Said {
    let url = format!("file://{}/store", bare.program.folder.path().display());
    let kubeconfig = bare.kubeconfig().display().to_string();
    let resume = ["resume", "--cluster", &url, "--kubeconfig", &kubeconfig, "--yes"];
    wait_long("the lock's term to be over", || {
        let ran = bare.program.command(&resume).current_dir(elsewhere).output();
        Some(Said::of(ran.expect("the program starts"))).filter(|said| said.code != 4)
    })
}

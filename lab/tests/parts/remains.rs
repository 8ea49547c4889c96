//! What is left of a lab when it ends: nothing.

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use scaler_lab::{Kubernetes, wait_for};

/// Processes with the folder in their command line: every part of a lab names its folder.
fn processes_of(folder: &Path) -> Vec<Pid> {
    let folder = folder.to_str().unwrap().as_bytes();
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let has = |pid: &i32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.windows(folder.len()).any(|part| part == folder)
    };
    all.filter(has).filter_map(Pid::from_raw).collect()
}

fn wait_nothing_left(folder: &Path) {
    wait_for(&format!("the processes of {} to end", folder.display()), || {
        processes_of(folder).is_empty().then_some(())
    });
    wait_for(&format!("{} to be removed", folder.display()), || (!folder.exists()).then_some(()));
}

/// `lab up`, and the folder of its control plane.
fn up() -> (Child, PathBuf) {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_lab")).arg("up").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(lab.stdout.take().unwrap()).lines().map_while(Result::ok);
    let export = lines.into_iter().find_map(|line| Some(line.strip_prefix("export KUBECONFIG='")?.to_owned()));
    let file = PathBuf::from(export.expect("lab up prints its exports").trim_end_matches('\''));
    (lab, file.parent().unwrap().to_owned())
}

fn supervisor_of(folder: &Path) -> Pid {
    let is_supervisor = |pid: &Pid| {
        let command = std::fs::read_to_string(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
        command.split('\0').next().is_some_and(|program| program.ends_with("lab-supervisor"))
    };
    processes_of(folder).into_iter().find(is_supervisor).expect("a lab has a supervisor")
}

#[test]
fn a_killed_owner_leaves_nothing() {
    let (mut lab, folder) = up();
    assert_eq!(processes_of(&folder).len(), 6, "five parts and their supervisor");
    lab.kill().unwrap();
    lab.wait().unwrap();
    wait_nothing_left(&folder);
}

#[test]
fn a_signal_ends_the_lab_in_order() {
    let (mut lab, folder) = up();
    kill_process(Pid::from_child(&lab), Signal::TERM).unwrap();
    assert!(lab.wait().unwrap().success());
    assert!(processes_of(&folder).is_empty() && !folder.exists());
}

#[test]
fn without_its_supervisor_no_part_lives_on() {
    let (mut lab, folder) = up();
    kill_process(supervisor_of(&folder), Signal::KILL).unwrap();
    wait_for("the parts to end", || processes_of(&folder).is_empty().then_some(()));
    kill_process(Pid::from_child(&lab), Signal::TERM).unwrap();
    lab.wait().unwrap();
    wait_nothing_left(&folder);
}

#[test]
fn a_panic_leaves_nothing_and_a_part_may_come_back() {
    let folder = catch_unwind(AssertUnwindSafe(|| {
        let k = Kubernetes::start();
        let folder = k.folder().to_owned();
        k.namespace("kept");
        k.kill("apiserver");
        assert!(k.request("GET", "/readyz", None).is_err());
        k.revive_part("apiserver");
        let kept = k.get("/api/v1/namespaces")["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["metadata"]["name"].as_str().unwrap().starts_with("kept"));
        assert!(kept);
        std::panic::resume_unwind(Box::new(folder));
    }));
    let folder: PathBuf = *folder.map(drop).unwrap_err().downcast().expect("the panic that was asked for");
    assert!(processes_of(&folder).is_empty() && !folder.exists());
}

//! The lab's kubectl.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::places;

/// How a kubectl command went.
#[derive(Clone, Debug)]
pub struct Kubectl {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

#[track_caller]
pub(super) fn run<A: AsRef<str>>(kubeconfig: &Path, args: impl IntoIterator<Item = A>, input: &str) -> Kubectl {
    let program = places::kubernetes().unwrap_or_else(|error| panic!("{error}"));
    let child = Command::new(program)
        .arg("kubectl")
        .args(args.into_iter().map(|arg| arg.as_ref().to_owned()))
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| panic!("starting the lab's kubectl: {error}"));
    if let Some(mut pipe) = child.stdin.take() {
        // kubectl may end without reading: its own message says why.
        let _ = pipe.write_all(input.as_bytes());
    }
    let done = child.wait_with_output().unwrap_or_else(|error| panic!("waiting for the lab's kubectl: {error}"));
    Kubectl {
        success: done.status.success(),
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

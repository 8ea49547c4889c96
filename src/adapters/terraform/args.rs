//! Terraform's arguments. Pure, and tested exactly: what is not here is not said to Terraform.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::ops::ports::terraform::PlanMode;

fn args(args: &[&str]) -> Vec<OsString> {
    args.iter().map(OsString::from).collect()
}

pub fn version() -> Vec<OsString> {
    args(&["version"])
}

/// With a given lock file its selections hold, and the file must not change.
pub fn init(lock_file_given: bool) -> Vec<OsString> {
    let mut all = args(&["init", "-input=false", "-json"]);
    if lock_file_given {
        all.push("-lockfile=readonly".into());
    }
    all
}

pub fn plan(mode: PlanMode, out: &Path, lock_timeout: Duration) -> Vec<OsString> {
    let mut all = args(&["plan", "-input=false", "-json"]);
    match mode {
        PlanMode::Look => all.push("-lock=false".into()),
        PlanMode::LookDestroy => all.extend(args(&["-lock=false", "-destroy"])),
        PlanMode::Apply => all.push(lock_timeout_arg(lock_timeout)),
        PlanMode::Destroy => all.extend([lock_timeout_arg(lock_timeout), "-destroy".into()]),
    }
    let mut path = OsString::from("-out=");
    path.push(out);
    all.push(path);
    all
}

pub fn show(plan: &Path) -> Vec<OsString> {
    let mut all = args(&["show", "-json"]);
    all.push(plan.into());
    all
}

/// Of a saved plan: that asks nothing, and does exactly what was planned.
pub fn apply(plan: &Path, lock_timeout: Duration) -> Vec<OsString> {
    let mut all = args(&["apply", "-input=false", "-json"]);
    all.extend([lock_timeout_arg(lock_timeout), plan.into()]);
    all
}

/// Without colours: this command has no machine-readable form.
pub fn import(address: &str, id: &str, lock_timeout: Duration) -> Vec<OsString> {
    let mut all = args(&["import", "-input=false", "-no-color"]);
    all.extend([lock_timeout_arg(lock_timeout), address.into(), id.into()]);
    all
}

pub fn untaint(address: &str, lock_timeout: Duration) -> Vec<OsString> {
    let mut all = args(&["untaint", "-no-color"]);
    all.extend([lock_timeout_arg(lock_timeout), address.into()]);
    all
}

fn lock_timeout_arg(time: Duration) -> OsString {
    format!("-lock-timeout={}s", time.as_secs()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(args: Vec<OsString>) -> String {
        args.iter().map(|arg| arg.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_command_says_exactly_this() {
        let (file, wait) = (Path::new("/proc/1/fd/3"), Duration::from_secs(20));
        for (args, expected) in [
            (version(), "version"),
            (init(false), "init -input=false -json"),
            (init(true), "init -input=false -json -lockfile=readonly"),
            (plan(PlanMode::Look, file, wait), "plan -input=false -json -lock=false -out=/proc/1/fd/3"),
            (plan(PlanMode::LookDestroy, file, wait), "plan -input=false -json -lock=false -destroy -out=/proc/1/fd/3"),
            (plan(PlanMode::Apply, file, wait), "plan -input=false -json -lock-timeout=20s -out=/proc/1/fd/3"),
            (
                plan(PlanMode::Destroy, file, wait),
                "plan -input=false -json -lock-timeout=20s -destroy -out=/proc/1/fd/3",
            ),
            (show(file), "show -json /proc/1/fd/3"),
            (import("a.n[\"x\"]", "i-1", wait), "import -input=false -no-color -lock-timeout=20s a.n[\"x\"] i-1"),
            (untaint("a.n[\"x\"]", wait), "untaint -no-color -lock-timeout=20s a.n[\"x\"]"),
            (apply(file, wait), "apply -input=false -json -lock-timeout=20s /proc/1/fd/3"),
        ] {
            assert_eq!(text(args), expected);
        }
    }
}

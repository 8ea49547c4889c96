//! Tools that are scripts, and the processes that they leave.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use scaler::adapters::clock::SystemClock;
use scaler::adapters::process::{Environment, Host, Program};
use scaler::model::lock::Holder;
use scaler::ops::lease::{Lease, Standing};
use scaler::ops::ports::{BootInstant, Clock};
use tokio::sync::watch;

/// Longer than anything here takes on a busy machine; only a broken test waits for so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub const SUPERVISOR: &str = env!("CARGO_BIN_EXE_scaler");

/// A folder with a fake tool in it.
pub struct Fake {
    pub dir: tempfile::TempDir,
}

impl Fake {
    /// A tool that does what this shell script says; it starts in the folder.
    pub fn new(script: &str) -> Fake {
        let fake = Fake { dir: tempfile::tempdir().unwrap() };
        let folder = fake.dir.path().display().to_string();
        fake.rewrite(&format!("#!/bin/sh\ncd {folder}\n{script}\n"));
        fake
    }

    /// Makes the whole file this. Another process writes it: what this one has open for writing, a test beside may
    /// just be handing to a child of its own, and a program that is open for writing cannot be run (ETXTBSY).
    pub fn rewrite(&self, text: &str) {
        let mut writer = Command::new("sh");
        let writer = writer.args(["-c", "cat > tool && chmod 755 tool"]).current_dir(&self.dir).stdin(Stdio::piped());
        let mut writer = writer.spawn().unwrap();
        writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn program(&self) -> Program {
        program(&self.path("tool"))
    }

    /// Waits until the script has written a whole line to the file, and returns the text.
    pub fn wait_for(&self, name: &str) -> String {
        let path = self.path(name);
        wait_until(|| std::fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
    }

    pub fn pid(&self, name: &str) -> u32 {
        self.wait_for(name).trim().parse().unwrap()
    }
}

pub fn host() -> Arc<Host> {
    let (environment, _) = Environment::clean(std::env::vars_os());
    Arc::new(Host::new(environment).supervised_by(SUPERVISOR))
}

pub fn program(path: &Path) -> Program {
    Program::find(&host(), "tool", Some(path)).unwrap()
}

/// Asks again and again.
pub fn wait_until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub fn wait_until_gone(pid: u32) {
    wait_until(|| (!alive(pid)).then_some(()));
}

pub fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

pub fn boot() -> BootInstant {
    SystemClock.boot()
}

/// A lease that holds until then, and the hand that renews or loses it.
pub fn lease(deadline: BootInstant) -> (Lease, watch::Sender<Standing>) {
    let holder = Holder {
        user: "ann".into(),
        host: "desk".into(),
        login: "ann".into(),
        pid: 1,
        command: "scaler apply".into(),
        version: "1".into(),
    };
    let (sender, receiver) = watch::channel(Standing::Held { deadline });
    (Lease::new(1, holder, receiver, Arc::new(SystemClock)), sender)
}

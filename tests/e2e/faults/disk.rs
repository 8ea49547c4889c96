//! A disk of a test's own, so small that it fills up.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a page of a tmpfs takes: the least that a file on it does.
const PAGE: u64 = 4096;

/// As large as nothing here needs.
const PLENTY: u64 = 64 << 20;

/// A tmpfs in a mount namespace that a process of ours keeps: it goes when that ends, which the end of a pipe tells it.
/// Everybody reaches it by [`Disk::path`].
pub struct Disk {
    keeper: Child,
    mount: tempfile::TempDir,
}

const KEEP: &str = "mount -t tmpfs -o mode=700 tmpfs \"$1\" && echo ready && read -r end";

impl Disk {
    /// With plenty of room.
    pub fn new() -> Disk {
        let mount = tempfile::tempdir().expect("a folder to mount on");
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", KEEP, "sh"]).arg(mount.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().expect("`unshare` starts");
        let mut ready = String::new();
        let said = keeper.stdout.take().expect("what it says");
        BufReader::new(said).read_line(&mut ready).expect("it says something");
        assert_eq!(ready, "ready\n", "the disk is mounted");
        let disk = Disk { keeper, mount };
        disk.resize(PLENTY);
        disk
    }

    /// Its top folder, for every process.
    pub fn path(&self) -> PathBuf {
        Path::new("/proc")
            .join(self.keeper.id().to_string())
            .join("root")
            .join(self.inside().strip_prefix("/").expect("it is absolute"))
    }

    /// Its top folder as [`Disk::within`] shows it.
    pub fn inside(&self) -> &Path {
        self.mount.path()
    }

    /// A program that has it at [`Disk::inside`], and not by a way that leads through another process.
    pub fn within(&self, command: &Command) -> Command {
        let mut within = self.entering();
        // Who enters stands at the root of what it sees.
        within.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]).arg(command.get_current_dir().expect("a folder"));
        within.arg(command.get_program()).args(command.get_args()).env_clear();
        within.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        within
    }

    /// Leaves room for this many pages more than are used.
    pub fn leave(&self, pages: u64) {
        let used = rustix::fs::statvfs(self.path()).map(|disk| (disk.f_blocks - disk.f_bfree) * disk.f_frsize);
        self.resize(used.expect("the disk can be asked") + pages * PAGE);
    }

    /// Makes room.
    pub fn make_room(&self) {
        self.resize(PLENTY);
    }

    fn resize(&self, bytes: u64) {
        let mut mount = self.entering();
        mount.args(["mount", "-o", &format!("remount,size={bytes}")]).arg(self.inside());
        assert!(mount.status().expect("`nsenter` starts").success(), "the disk has another size");
    }

    fn entering(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.keeper.id()));
        command
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // It has nothing to lose, and the folder below the mount is removed after it.
        let _ = self.keeper.wait();
    }
}

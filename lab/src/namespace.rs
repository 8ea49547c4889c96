//! A network and mounts of a test's own, which take root.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Brings loopback up, with the address at which clouds' machines ask who they are, puts a file in the place of the
/// machine's list of hosts, and becomes the program.
const SCRIPT: &str = "set -e; ip link set lo up; ip address add 169.254.169.254/32 dev lo; mount --bind \"$1\" /etc/hosts; shift; exec \"$@\"";

/// Whether this machine lets us make them.
pub(crate) fn can_be_had() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let tried =
            unshare().args(["ip", "link", "set", "lo", "up"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    })
}

/// Runs an ignored test of this very test program where nothing but its own loopback can be reached, and `hosts` are
/// at these addresses of that. `test` is its full name, as the test program lists it. Gives back what it said.
///
/// # Panics
/// When the test fails; what it said is in the message.
#[track_caller]
pub fn run_apart(test: &str, at: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().expect("a test program knows its file");
    let mut hosts = tempfile::NamedTempFile::new().expect("a file for the list of hosts");
    for (address, host) in [("127.0.0.1", "localhost")].iter().chain(at) {
        writeln!(hosts, "{address} {host}").expect("the list of hosts can be written");
    }
    let mut command = unshare();
    command.args(["sh", "-c", SCRIPT, "sh"]).arg(hosts.path()).arg(program);
    command.args(["--exact", test, "--ignored", "--nocapture"]).stdin(Stdio::null());
    let output = command.output().expect("`unshare` starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test} failed in a network of its own:\n{text}");
    assert!(text.contains("1 passed"), "there is no ignored test {test}:\n{text}");
    text
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net"]);
    command
}

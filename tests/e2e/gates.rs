//! Gates in the way of the program's tools: a test closes one, sees the tool arrive, and opens it again.
//!
//! They stand before the real tools on the PATH: `terraform` (or `tofu`), and `mkdir`, which the sandbox's module calls
//! when it makes a machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scaler_lab::wait_for;

use crate::world::{Program, World};

/// Gate by gate: whether it is shut, and who stands before it.
pub struct Gates {
    folder: PathBuf,
}

/// Waits before a command as long as its gate is shut. `show` leaves a mark when it is done; `apply` lays a trap for its
/// victim's mark and takes the mark away again when the test wants that.
const TERRAFORM: &str = r#"#!/bin/sh
gates=GATES real=REAL
echo "$1" >>"$gates/calls"
if [ -e "$gates/$1.shut" ]; then
  : >"$gates/$1.reached"
  while [ -e "$gates/$1.shut" ]; do sleep 0.05; done
fi
[ "$1" = apply ] || exec "$real" "$@"
[ ! -e "$gates/trap" ] || mkfifo "$(cat "$gates/trap")"
[ -e "$gates/undead" ] || exec "$real" "$@"
"$real" "$@"
code=$?
mv "$(cat "$gates/undead")" "$gates/mark"
exit $code
"#;

const MKDIR: &str = r#"#!/bin/sh
gates=GATES
if [ -e "$gates/mkdir.shut" ]; then
  : >"$gates/mkdir.reached"
  while [ -e "$gates/mkdir.shut" ]; do sleep 0.05; done
fi
exec /bin/mkdir "$@"
"#;

impl Gates {
    /// All open. From now on the world's program meets them.
    pub fn before(world: &mut World) -> Gates {
        Gates::before_program(&mut world.program)
    }

    /// The same of a program alone.
    pub fn before_program(program: &mut Program) -> Gates {
        let folder = program.folder.path().join("gates");
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        let path = program.environment["PATH"].clone();
        let found = ["terraform", "tofu"].into_iter().find_map(|name| Some((name, on(&path, name)?)));
        let (name, real) = found.expect("Terraform or OpenTofu");
        let text = |script: &str| {
            script.replace("GATES", &folder.display().to_string()).replace("REAL", &real.display().to_string())
        };
        put(&bin.join(name), &text(TERRAFORM));
        put(&bin.join("mkdir"), &text(MKDIR));
        program.environment.insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
        Gates { folder }
    }

    pub fn shut(&self, gate: &str) {
        std::fs::write(self.folder.join(format!("{gate}.shut")), "").expect("the gate is shut");
    }

    /// Waits until somebody stands before a shut gate.
    #[track_caller]
    pub fn reached(&self, gate: &str) {
        wait_for(&format!("`{gate}` to reach its gate"), || self.is_reached(gate).then_some(()));
    }

    pub fn is_reached(&self, gate: &str) -> bool {
        self.folder.join(format!("{gate}.reached")).exists()
    }

    pub fn open(&self, gate: &str) {
        std::fs::remove_file(self.folder.join(format!("{gate}.shut"))).expect("the gate was shut");
        let _ = std::fs::remove_file(self.folder.join(format!("{gate}.reached")));
    }

    /// The next apply stops where it would mark this machine as terminated: in the middle of its destruction.
    pub fn trap(&self, world: &World, id: &str) -> Trap {
        let path = mark(world, id);
        std::fs::write(self.folder.join("trap"), path.display().to_string()).expect("a trap");
        Trap { path, order: self.folder.join("trap") }
    }

    /// The machine seems to run on after the next apply, until [`Gates::die`].
    pub fn undead(&self, world: &World, id: &str) {
        std::fs::write(self.folder.join("undead"), mark(world, id).display().to_string()).expect("an order");
    }

    pub fn die(&self, world: &World, id: &str) {
        std::fs::rename(self.folder.join("mark"), mark(world, id)).expect("the mark that was taken away");
        std::fs::remove_file(self.folder.join("undead")).expect("the order");
    }

    /// How often Terraform was asked for this.
    pub fn calls(&self, subcommand: &str) -> usize {
        let calls = std::fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        calls.lines().filter(|line| *line == subcommand).count()
    }
}

/// A FIFO in the place of a machine's mark: who writes it waits for a reader.
pub struct Trap {
    path: PathBuf,
    order: PathBuf,
}

impl Trap {
    /// Waits until Terraform's provisioner hangs in it.
    #[track_caller]
    pub fn sprung(&self) {
        wait_for("the trap to be laid", || self.path.exists().then_some(()));
        std::fs::remove_file(&self.order).expect("the trap's order");
        let path = self.path.display().to_string();
        let register = self.path.parent().expect("a register").display().to_string();
        wait_for("the provisioner to hang in the trap", || hangs(&register).then_some(()));
        assert!(self.path.exists(), "{path}");
    }

    /// Lets the provisioner go on; the machine is terminated.
    pub fn let_go(&self) {
        drop(std::fs::File::open(&self.path).expect("the trap is read"));
    }

    /// Takes the trap away: the machine runs as before.
    pub fn undo(&self) {
        std::fs::remove_file(&self.path).expect("the trap is there");
    }
}

/// A shell of the sandbox's module that has this register in its environment, and waits to open a FIFO.
fn hangs(register: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    processes.map(|entry| entry.path()).any(|process| {
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&format!("SCALER_REGISTER={register}"))
            && String::from_utf8_lossy(&arguments).contains(".terminated")
    })
}

fn mark(world: &World, id: &str) -> PathBuf {
    world.sandbox.register().join(format!("{id}.terminated"))
}

/// The first file of this name on a PATH.
pub fn on(path: &str, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Writes a script. Another process does it: a program that a test beside still has open for writing cannot be run (ETXTBSY).
pub fn put(path: &Path, text: &str) {
    let script = "cat > \"$0\" && chmod 755 \"$0\"";
    let mut writer =
        Command::new("sh").args(["-c", script]).arg(path).stdin(Stdio::piped()).spawn().expect("a shell starts");
    writer.stdin.take().expect("its input").write_all(text.as_bytes()).expect("the script is written");
    assert!(writer.wait().expect("it ends").success());
}

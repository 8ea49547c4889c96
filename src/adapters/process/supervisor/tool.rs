//! The tool itself: started in a session of its own, signalled as a group.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitStatus, getpid, getppid, kill_process_group, set_parent_process_death_signal, setsid,
};

use super::super::keeper;
use super::super::protocol::{Start, Status};

pub struct Tool {
    pid: Pid,
    status: Option<Status>,
    /// Lives as long as everything of the tool may.
    _held: Option<OwnedFd>,
}

impl Tool {
    #[expect(clippy::disallowed_methods, reason = "the one place that starts tools")]
    pub fn start(start: Start) -> io::Result<Tool> {
        let held = start.holds.as_ref().map(|folder| keeper::hold(Path::new(folder))).transpose()?;
        let mut command = Command::new(&start.program);
        command.args(&start.args).env_clear().envs(start.env);
        if let Some(dir) = &start.dir {
            command.current_dir(dir);
        }
        command.stdin(if start.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        let supervisor = getpid();
        // SAFETY: between fork and exec only async-signal-safe calls are allowed; these are three plain system calls
        // that allocate nothing and take no lock.
        unsafe {
            command.pre_exec(move || {
                // A session of its own: no terminal sends it signals, and it cannot ask a terminal anything.
                setsid()?;
                // The second line of defence: if the supervisor itself is killed, the tool goes with it.
                set_parent_process_death_signal(Some(Signal::KILL))?;
                // The supervisor may have died before that took effect.
                if getppid() != Some(supervisor) {
                    return Err(Errno::SRCH.into());
                }
                Ok(())
            });
        }
        let mut child = command.spawn()?;
        if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), start.stdin) {
            // A tool that ends without reading everything is no error of ours.
            std::thread::spawn(move || pipe.write_all(&bytes));
        }
        let pid = Pid::from_raw(child.id().cast_signed()).expect("a child's number is never 0");
        // The standard library's handle is let go: this process reaps by itself, with everything else below it.
        Ok(Tool { pid, status: None, _held: held })
    }

    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// How it ended, once it has.
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    /// Takes note of a process that was reaped, if it is this one.
    pub fn note(&mut self, pid: Pid, status: WaitStatus) {
        if pid == self.pid {
            let code = status.exit_status().map(Status::Exited);
            self.status = code.or_else(|| status.terminating_signal().map(Status::Signalled));
        }
    }

    /// Signals the whole group; nothing, once the tool was reaped, because the group's number may then be another's.
    pub fn signal_group(&self, signal: Signal) {
        if self.status.is_none() {
            // It may have ended in the meantime.
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// As shells say it: the exit code, or 128 and the signal's number.
    pub fn exit_code(&self) -> u8 {
        match self.status {
            Some(Status::Exited(code)) => code as u8,
            Some(Status::Signalled(signal)) => 128_u8.saturating_add(signal as u8),
            None => 1,
        }
    }
}

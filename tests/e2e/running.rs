//! The program while it runs: what it says, and signals to it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use scaler_lab::wait_for;

use crate::world::{Program, Said};

/// A run that nobody has waited for yet. Dropping it kills it.
pub struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    reading: Vec<JoinHandle<String>>,
}

impl Running {
    pub fn start(program: &Program, args: &[&str]) -> Running {
        Running::of(&mut program.command(args))
    }

    /// Of a command that is not started yet.
    pub fn of(command: &mut Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let mut stdout = child.stdout.take().expect("its result");
        let stderr = BufReader::new(child.stderr.take().expect("its progress"));
        let said = Arc::new(Mutex::new(String::new()));
        let words = said.clone();
        let result = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("its result is text");
            text
        });
        let progress = std::thread::spawn(move || {
            for line in stderr.lines() {
                let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                words.push_str(&line.expect("its progress is text"));
                words.push('\n');
            }
            String::new()
        });
        Running { child, said, reading: vec![result, progress] }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far on standard error.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it says this; a run that ends before that is a failure.
    #[track_caller]
    pub fn wait(&mut self, text: &str) {
        let mut ended = None;
        wait_for(&format!("the program to say `{text}`"), || {
            if ended.is_some() || self.said().contains(text) {
                return Some(());
            }
            // Once more after its end: the last words may still be under way.
            ended = self.child.try_wait().expect("it can be asked for");
            if ended.is_some() {
                self.reading.drain(1..).for_each(|reading| drop(reading.join()));
            }
            None
        });
        assert!(self.said().contains(text), "it ended ({ended:?}) and never said `{text}`:\n{}", self.said());
    }

    /// Sends `INT`, `TERM` or `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// A failure if it has ended.
    #[track_caller]
    pub fn check(&mut self) {
        if let Some(ended) = self.child.try_wait().expect("it can be asked for") {
            panic!("it ended ({ended}):\n{}", self.said());
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Said {
        wait_for("the program to end", || self.child.try_wait().expect("it can be asked for"));
        self.end_at_last()
    }

    /// The same, for as long as it takes.
    pub fn end_at_last(mut self) -> Said {
        let status = self.child.wait().expect("it can be waited for");
        let mut texts = self.reading.drain(..).map(|reading| reading.join().expect("its output was read"));
        let stdout = texts.next().unwrap_or_default();
        drop(texts);
        Said { code: status.code().unwrap_or(-1), stdout, stderr: self.said() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The tool's output pipes after `scaler` died.
//!
//! A program that writes to a pipe without a reader is ended by SIGPIPE (Go programs too, on these two descriptors;
//! documented in Go's os/signal). Terraform writes as soon as it is interrupted, and would lose the state of what it
//! is making. So the supervisor holds a reading end of its own, and empties the pipes once nobody else does.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use rustix::fs::OFlags;

pub struct Output {
    readers: Vec<File>,
}

impl Output {
    /// Opens reading ends of standard output and standard error, where they are pipes.
    pub fn hold_open() -> io::Result<Output> {
        let mut readers = Vec::new();
        for path in ["/proc/self/fd/1", "/proc/self/fd/2"] {
            if std::fs::metadata(path)?.file_type().is_fifo() {
                let nonblocking = OFlags::NONBLOCK.bits() as i32;
                readers.push(OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?);
            }
        }
        Ok(Output { readers })
    }

    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.readers.iter().map(AsFd::as_fd)
    }

    /// Throws away what is in the pipes.
    pub fn drain(&mut self) {
        let mut chunk = [0; 64 * 1024];
        for reader in &mut self.readers {
            loop {
                match reader.read(&mut chunk) {
                    Ok(length) if length > 0 => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    _ => break,
                }
            }
        }
    }
}

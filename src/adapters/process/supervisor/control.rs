//! The supervisor's end of the socket.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use super::super::protocol::{Order, Report};

pub struct Control {
    socket: UnixStream,
    unread: Vec<u8>,
    ended: bool,
}

impl Control {
    pub fn from_stdin() -> io::Result<Control> {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        socket.set_nonblocking(true)?;
        Ok(Control { socket, unread: Vec::new(), ended: false })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The other end is gone, or talks nonsense, which is as bad.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The orders that have come; does not wait for more.
    pub fn orders(&mut self) -> Vec<Order> {
        let mut chunk = [0; 64 * 1024];
        while !self.ended {
            match self.socket.read(&mut chunk) {
                Ok(0) => self.ended = true,
                Ok(length) => self.unread.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.ended = true,
            }
        }
        let mut orders = Vec::new();
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(order) => orders.push(order),
                Err(_) => self.ended = true,
            }
        }
        orders
    }

    /// Tells `scaler`, if it is still there.
    pub fn report(&mut self, report: &Report) {
        let mut line = serde_json::to_vec(report).expect("a report is plain data");
        line.push(b'\n');
        // A report is far smaller than the socket's buffer and there are two of them, so this never waits; an error
        // means that nobody is left to tell.
        let _ = self.socket.write_all(&line);
    }
}

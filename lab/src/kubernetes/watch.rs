//! A watch, event by event.

use std::io;
use std::time::Duration;

use serde_json::Value;

use crate::clock::wait_for;
use crate::error::{Doing, LabError, Result};
use crate::http::{Endpoint, Lines, open};

/// An open watch.
pub struct Watch {
    lines: Lines,
    path: String,
}

impl Watch {
    pub(super) fn open(endpoint: &Endpoint, path: &str) -> Result<Self> {
        let path = format!("{path}{}watch=1", if path.contains('?') { '&' } else { '?' });
        let (head, stream) = open(endpoint, "GET", &path, "", &[]).doing(format_args!("watching {path}"))?;
        if head.status != 200 {
            return Err(LabError::new(format!("watching {path}: the API server answered {}", head.status)));
        }
        // So that waiting for an event can be given up.
        let socket = stream.get_ref().socket();
        socket.set_read_timeout(Some(Duration::from_millis(100))).doing(format_args!("watching {path}"))?;
        Ok(Self { lines: Lines::new(stream, head.framing("GET")), path })
    }

    /// The next event's type (`ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `ERROR`) and object.
    ///
    /// # Panics
    /// When the watch ends, or nothing happens for far too long.
    #[track_caller]
    pub fn next_event(&mut self) -> (String, Value) {
        let line = wait_for(&format!("an event of the watch {}", self.path), || match self.lines.next() {
            Ok(Some(line)) => Some(line),
            Ok(None) => panic!("the watch {} ended", self.path),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => None,
            Err(error) => panic!("the watch {}: {error}", self.path),
        });
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        (event["type"].as_str().unwrap_or_default().to_owned(), event["object"].clone())
    }
}

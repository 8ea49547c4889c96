//! What `scaler` and the supervisor of one tool say to each other: a JSON document a line, over a socket that is the
//! supervisor's standard input. Both are always the same program file, so there are no versions.

use std::ffi::OsString;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ops::ports::BootInstant;

/// From `scaler`. The end of the stream means that `scaler` is gone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// The first and only once.
    Start(Box<Start>),
    /// The lease was renewed; the tool may run until then.
    Deadline(BootNanos),
    /// Interrupt the tool, and kill it after that many milliseconds; without a number it may take its time.
    Interrupt { kill_after_millis: Option<u64> },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    pub program: OsString,
    pub args: Vec<OsString>,
    /// The whole environment of the tool.
    pub env: Vec<(OsString, OsString)>,
    pub dir: Option<OsString>,
    /// A temporary folder that must stay until the tool has ended.
    pub holds: Option<OsString>,
    /// What the tool reads from its standard input, which is empty without it.
    pub stdin: Option<Vec<u8>>,
    pub deadline: Option<BootNanos>,
    /// How long the tool may take to end after it was interrupted because `scaler` died or the deadline came.
    pub stop_millis: u64,
}

/// Nanoseconds of the clock that counts from boot and goes on in suspend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BootNanos(u64);

impl From<BootInstant> for BootNanos {
    fn from(at: BootInstant) -> BootNanos {
        // 64 bits of nanoseconds are 584 years of uptime.
        BootNanos(u64::try_from(at.0.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<BootNanos> for BootInstant {
    fn from(at: BootNanos) -> BootInstant {
        BootInstant(Duration::from_nanos(at.0))
    }
}

/// From the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    /// The tool runs; its process id is its group's too.
    Started {
        pid: i32,
    },
    NotStarted {
        errno: Option<i32>,
        error: String,
    },
    /// The tool and everything that it started is gone, but for `left`: processes that not even SIGKILL ended.
    Ended {
        status: Option<Status>,
        stopped: Option<Stopped>,
        left: Vec<i32>,
    },
}

/// How a tool ended by itself or by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Exited(i32),
    /// By this signal.
    Signalled(i32),
}

/// Why the supervisor stopped a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stopped {
    /// `scaler` asked for it: a signal, or the lease was lost.
    Interrupted,
    /// The lease was not renewed in time.
    Deadline,
    /// `scaler` itself died.
    Orphaned,
}

//! The one place that starts programs. Each tool runs below a supervisor process of ours, so that nothing of it stays
//! behind when `scaler` dies, loses its lease, or is interrupted.

mod capture;
mod child;
mod drive;
mod environment;
mod finished;
mod keeper;
mod link;
mod program;
mod protocol;
mod run;
mod supervisor;

pub use capture::Stream;
pub use child::Child;
pub use environment::Environment;
pub use finished::{Finished, StoppedBy};
pub use keeper::{KEEP, TemporaryFolder, keep_main};
pub use program::{Host, Program};
pub use protocol::Status;
pub use run::{Cancel, Run, STOP_TIME};
pub use supervisor::{SUPERVISE, supervise_main};

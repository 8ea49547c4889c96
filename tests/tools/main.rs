//! The adapters of other programs, with real processes below the real supervisor.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start programs, look at the clock and read the environment themselves"
)]

mod keeper;
mod process;
mod rig;
mod support;
mod terraform;
mod terraform_fakes;
mod terraform_init;

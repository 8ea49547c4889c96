//! The workflows, over ports. They run without a terminal, can be cancelled, and report progress as values.

pub mod interrupts;
pub mod lease;
pub mod ports;

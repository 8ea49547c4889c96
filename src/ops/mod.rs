//! The workflows, over ports. They run without a terminal, can be cancelled, and report progress as values.

pub mod confirm;
pub mod doctor;
pub mod gone;
pub mod interrupts;
pub mod lease;
pub mod ports;

#[cfg(test)]
pub mod testing;

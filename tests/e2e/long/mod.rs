//! Workflows that take minutes each: `make test` leaves them to `make test-long`.

pub mod aws;
pub mod provisioning;
mod rounds;
pub mod signals;
mod vanished;

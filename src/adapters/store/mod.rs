//! Stores: a folder, or a bucket of S3.

mod keys;
mod local;
mod open;
mod s3;
mod told;

pub use local::{LocalHome, LocalStore};
pub use open::{Options, open};
pub use s3::{Place, S3Store, login};

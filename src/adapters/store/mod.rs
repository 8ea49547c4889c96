//! Stores: a folder, a bucket of S3, or a container of Azure Blob Storage.

mod azblob;
mod keys;
mod local;
mod open;
mod s3;
mod told;

pub use azblob::{AzblobStore, Login as AzureLogin, Place as AzurePlace};
pub use local::{LocalHome, LocalStore};
pub use open::{Options, open};
pub use s3::{Place, S3Store, login};

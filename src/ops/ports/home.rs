//! What a store lies in, a bucket, a container or a folder: looked at, made and mended.

use async_trait::async_trait;
use serde::Serialize;

use crate::model::failure::Result;

/// What a store's home should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// That it is there.
    There,
    /// That nobody else can read it.
    Private,
    /// That former versions of what is overwritten are kept.
    Versioned,
    /// That it is encrypted at rest.
    Encrypted,
    /// That what is deleted can be had back.
    Kept,
    /// That former versions go after some days.
    Expiring,
}

impl Trait {
    pub fn told(self) -> &'static str {
        match self {
            Trait::There => "whether it is there",
            Trait::Private => "whether it is closed to the public",
            Trait::Versioned => "whether it keeps former versions",
            Trait::Encrypted => "whether it is encrypted",
            Trait::Kept => "whether what is deleted can be had back",
            Trait::Expiring => "when former versions go",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    pub of: Trait,
    /// What is so instead, as a sentence without its full stop.
    pub why: String,
}

/// One look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    pub lacks: Vec<Lack>,
    /// What is missing too, and is not to be mended with the rights that a store is used with: what is so instead, and
    /// the way to mend it.
    pub by_hand: Vec<String>,
    /// What cannot be seen, and why. That is no fault by itself: not every server has everything.
    pub unclear: Vec<String>,
}

#[async_trait]
pub trait StoreHome: Send + Sync {
    /// For people: which bucket, container or folder.
    fn told(&self) -> String;

    /// What is missing of it. With `expire_after` former versions should go after so many days. A home that belongs to
    /// somebody else is refused, and so is a wish that it cannot have.
    async fn survey(&self, expire_after: Option<u32>) -> Result<Survey>;

    /// Gives it this one thing, and leaves everything else as it is. Safe to repeat.
    async fn mend(&self, of: Trait, expire_after: Option<u32>) -> Result<()>;
}

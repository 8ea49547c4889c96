//! What `doctor` asks the outside, beside what the workflows do. Nothing here changes anything.

use async_trait::async_trait;

use crate::model::failure::Result;

/// A program that is looked up and run. Terraform has a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Kubectl,
    AnsiblePlaybook,
    Packer,
}

/// What a tool says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    pub path: String,
    /// Standard output of its version command, as it is.
    pub text: String,
}

#[async_trait]
pub trait Tools: Send + Sync {
    /// An error if it is not there or cannot be run.
    async fn version(&self, tool: Tool) -> Result<Printed>;
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// An action of the cloud's access control, or what was looked at in words.
    pub name: String,
    pub answer: Answer,
    /// What to do unless the answer is [`Answer::Good`].
    pub fix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Good,
    Bad(String),
    /// It could not be found out: why. That is no fault by itself.
    Unclear(String),
}

#[async_trait]
pub trait CloudProbe: Send + Sync {
    /// Whether the login may do what an operation does, by trial calls that the cloud judges and does not carry out.
    /// Some need an example: a machine of the cluster.
    async fn rights(&self, machine_id: Option<&str>) -> Vec<Probed>;

    /// The cloud's own time, to the second.
    async fn now(&self) -> Result<jiff::Timestamp>;
}

#[async_trait]
pub trait BucketProbe: Send + Sync {
    /// How well the bucket keeps what is in it: former versions, encryption, who may read it.
    async fn care(&self) -> Vec<Probed>;
}

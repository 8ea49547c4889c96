//! What may stand between the workflows and the outside: tests end the program there, at any step.

use std::sync::Arc;

use crate::ops::ports::{Ports, Progress};

pub trait Between: Send + Sync {
    /// The ports that a command works with.
    fn ports(&self, ports: Ports) -> Ports;

    /// Where progress is told, by the workflows and by the adapters.
    fn progress(&self, progress: Arc<dyn Progress>) -> Arc<dyn Progress>;
}

/// Nothing stands there.
pub struct Nothing;

impl Between for Nothing {
    fn ports(&self, ports: Ports) -> Ports {
        ports
    }

    fn progress(&self, progress: Arc<dyn Progress>) -> Arc<dyn Progress> {
        progress
    }
}

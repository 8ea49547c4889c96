//! Ctrl-C and SIGTERM, counted.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::ops::interrupts::Interrupter;

/// Counts SIGINT, SIGTERM and SIGHUP from now on. What a count means is for the running workflow to say.
pub fn listen(interrupter: Interrupter) -> std::io::Result<()> {
    let interrupter = Arc::new(interrupter);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut signals = signal(kind)?;
        let interrupter = interrupter.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                interrupter.interrupt();
            }
        });
    }
    Ok(())
}

//! Ctrl-C and SIGTERM, counted.

use tokio::signal::unix::{SignalKind, signal};

use crate::ops::interrupts::Interrupts;

/// Counts SIGINT, SIGTERM and SIGHUP from now on. What a count means is for the running workflow to say.
pub fn listen(interrupts: &Interrupts) -> std::io::Result<()> {
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let mut signals = signal(kind)?;
        let interrupts = interrupts.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                interrupts.add();
            }
        });
    }
    Ok(())
}

//! The signals that ask a run to stop, as a count: the first is a wish, the second an order.

use tokio::sync::watch;

use crate::model::failure::{Failure, Kind, Result};

/// Counts the signals. The command line feeds it; whoever holds the other half is told.
pub struct Interrupter(watch::Sender<u32>);

/// How many signals there were so far. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Interrupts(watch::Receiver<u32>);

/// A counter at nothing, and its view.
pub fn channel() -> (Interrupter, Interrupts) {
    let (sender, receiver) = watch::channel(0);
    (Interrupter(sender), Interrupts(receiver))
}

impl Interrupter {
    /// Counts one more signal, and returns how many there are now.
    pub fn interrupt(&self) -> u32 {
        self.0.send_modify(|count| *count = count.saturating_add(1));
        *self.0.borrow()
    }
}

impl Interrupts {
    /// For a run that no signal reaches.
    pub fn never() -> Interrupts {
        channel().1
    }

    /// An error once a signal came: to be asked before a step that may still be left undone.
    pub fn check(&self) -> Result<()> {
        match self.count() {
            0 => Ok(()),
            _ => Err(Failure::new(Kind::Interrupted, "interrupted before the point of no return")),
        }
    }

    pub fn count(&self) -> u32 {
        *self.0.borrow()
    }

    /// Returns as soon as there were this many signals; never, if nobody counts any more.
    pub async fn reached(&self, count: u32) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= count).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub async fn first(&self) {
        self.reached(1).await;
    }

    pub async fn second(&self) {
        self.reached(2).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_second_signal_is_not_the_first() {
        let (interrupter, interrupts) = channel();
        assert!(interrupts.first().now_or_never().is_none());
        assert_eq!(interrupter.interrupt(), 1);
        assert!(interrupts.first().now_or_never().is_some());
        assert!(interrupts.second().now_or_never().is_none());
        assert_eq!(interrupter.interrupt(), 2);
        assert!(interrupts.second().now_or_never().is_some());
        assert_eq!(interrupts.count(), 2);
    }

    #[test]
    fn a_signal_before_the_end_of_counting_is_still_seen() {
        let (interrupter, interrupts) = channel();
        interrupter.interrupt();
        drop(interrupter);
        assert!(interrupts.first().now_or_never().is_some());
        assert!(interrupts.second().now_or_never().is_none());
        assert!(Interrupts::never().first().now_or_never().is_none());
    }
}

//! Past a point of no return a signal does not stop the work: a person who sends one is told what it does instead.

use std::pin::pin;

use crate::ops::ports::Event;

use super::session::Session;

/// What to say at the first signal and at the second.
pub struct Words {
    pub first: String,
    pub second: String,
}

impl Session<'_> {
    /// Does the work to its end. What a signal means to it is its own affair.
    pub async fn carry_on<T>(&self, words: Words, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        for (count, text) in [(1, words.first), (2, words.second)] {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.interrupts.reached(count) => self.tell(Event::Warning { text }),
            }
        }
        work.await
    }
}

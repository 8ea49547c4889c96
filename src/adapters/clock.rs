//! The machine's clocks.

use std::time::Duration;

use async_trait::async_trait;
use rustix::time::{ClockId, clock_gettime};

use crate::ops::ports::{BootInstant, Clock};

pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn boot(&self) -> BootInstant {
        let time = clock_gettime(ClockId::Boottime);
        // The kernel counts this clock from boot, so neither part is ever negative.
        BootInstant(Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32))
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn random(&self) -> u64 {
        rand::random()
    }
}

//! A lease that a test holds and takes away.

use std::sync::Arc;

use tokio::sync::watch;

use crate::model::lock::{Holder, TERM};
use crate::ops::lease::{Lease, Standing};
use crate::ops::ports::Clock;

/// Who runs the test's operations.
pub fn holder(user: &str) -> Holder {
    Holder {
        user: user.into(),
        host: "laptop".into(),
        login: user.into(),
        pid: 42,
        command: "scaler apply".into(),
        version: "0.1.0".into(),
    }
}

/// A lease of a whole term, and the way to end it.
pub fn lease(clock: Arc<dyn Clock>, fence: u64) -> (Lease, watch::Sender<Standing>) {
    let (keeper, standing) = watch::channel(Standing::Held { deadline: clock.boot().after(TERM) });
    (Lease::new(fence, holder("ada"), standing, clock), keeper)
}

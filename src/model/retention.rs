//! How much of a cluster's past its store keeps.

use serde::Serialize;

/// What is kept; whatever either of the two wants stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// So many of the newest generations, the current one among them.
    pub generations: u32,
    /// Every generation of so many last days.
    pub days: u32,
}

impl Keep {
    /// What operations keep by themselves: a quarter of a year, and in quiet times the last hundred changes.
    pub const USUAL: Keep = Keep { generations: 100, days: 90 };

    /// Whether what was written then is old enough to go.
    pub fn is_old(&self, at: jiff::Timestamp, now: jiff::Timestamp) -> bool {
        now.duration_since(at) > jiff::SignedDuration::from_hours(24 * i64::from(self.days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exactly_so_old_stays() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
        let keep = Keep { generations: 1, days: 2 };
        let then = at("2026-03-28T12:00:00Z");
        assert!(!keep.is_old(then, at("2026-03-30T12:00:00Z")));
        assert!(keep.is_old(then, at("2026-03-30T12:00:01Z")));
        assert!(!keep.is_old(then, at("2026-03-01T12:00:00Z")), "a clock that runs ahead makes nothing old");
        assert!(Keep { days: 0, ..keep }.is_old(then, at("2026-03-28T12:00:01Z")));
    }
}

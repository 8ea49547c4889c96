use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::drain::budget::{Guard, guard};
use crate::model::kubernetes::{Budget, Pod};

/// The first delay after a refusal. It doubles up to [`SLOWEST_RETRY`]; kubectl waits 5 s each time, Karpenter 10 s at
/// most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
pub(super) const SLOWEST_RETRY: Duration = Duration::from_secs(10);

/// Pods that wait for one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Of one budget, `namespace/name`.
    Budget(String),
    /// A pod on its own, by UID: no budget guards it, or the API server has to say which.
    Pod(String),
}

impl Lane {
    pub fn of(pod: &Pod, budgets: &[Budget]) -> Lane {
        match guard(pod, budgets) {
            Guard::By(budget) => Lane::Budget(budget.title()),
            Guard::Free | Guard::Several(_) => Lane::Pod(pod.uid.clone()),
        }
    }

    pub fn budget(&self) -> Option<&str> {
        match self {
            Lane::Budget(title) => Some(title),
            Lane::Pod(_) => None,
        }
    }
}

#[derive(Default)]
pub(super) struct Lanes(BTreeMap<Lane, Traffic>);

#[derive(Default)]
struct Traffic {
    /// As last seen. A pod on its own has no limit but itself.
    allowance: u32,
    unanswered: u32,
    /// Asked for since the last look, which does not show them yet.
    spent: u32,
    closed_until: Duration,
    /// It is closed because the budget refused, so that a look which shows room may open it.
    by_budget: bool,
    retry: Option<Duration>,
}

impl Lanes {
    /// Takes in what the budgets allow now. What was asked for and answered before shows in it already.
    pub fn looked(&mut self, budgets: &[Budget], now: Duration) {
        for traffic in self.0.values_mut() {
            traffic.spent = traffic.unanswered;
            traffic.allowance = 0;
        }
        for budget in budgets {
            let traffic = self.0.entry(Lane::Budget(budget.title())).or_default();
            traffic.allowance = budget.allowance();
            if traffic.by_budget && traffic.allowance > 0 {
                traffic.closed_until = traffic.closed_until.min(now);
            }
        }
    }

    /// Whether one more eviction may be asked for; if so, it counts from now on. One at a time may always be tried: the
    /// API server knows better than a look that is a second old, and its answer says why not.
    pub fn enter(&mut self, lane: &Lane, now: Duration) -> bool {
        let traffic = self.0.entry(lane.clone()).or_default();
        let open = now >= traffic.closed_until && traffic.spent < traffic.allowance.max(1);
        if open {
            traffic.spent += 1;
            traffic.unanswered += 1;
        }
        open
    }

    pub fn went(&mut self, lane: &Lane) {
        let traffic = self.answered(lane);
        traffic.retry = None;
        traffic.by_budget = false;
    }

    /// A budget said no.
    pub fn refused(&mut self, lane: &Lane, now: Duration) {
        self.put_off(lane, now);
        self.0.entry(lane.clone()).or_default().by_budget = true;
    }

    /// The API server said later.
    pub fn put_off(&mut self, lane: &Lane, now: Duration) {
        let retry = self.0.get(lane).and_then(|traffic| traffic.retry);
        let delay = retry.map_or(FIRST_RETRY, |last| (last * 2).min(SLOWEST_RETRY));
        self.put_off_for(lane, now, delay);
    }

    pub fn put_off_for(&mut self, lane: &Lane, now: Duration, delay: Duration) {
        let traffic = self.answered(lane);
        traffic.spent = traffic.spent.saturating_sub(1);
        traffic.by_budget = false;
        traffic.retry = Some(delay);
        traffic.closed_until = now + delay;
    }

    fn answered(&mut self, lane: &Lane) -> &mut Traffic {
        let traffic = self.0.entry(lane.clone()).or_default();
        traffic.unanswered = traffic.unanswered.saturating_sub(1);
        traffic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::budget;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lane() -> Lane {
        Lane::Budget("shop/b".to_owned())
    }

    fn allowing(disruptions_allowed: i32) -> Vec<Budget> {
        vec![Budget { disruptions_allowed, ..budget("b") }]
    }

    #[test]
    fn a_lane_lets_through_what_its_budget_allows_until_the_next_look() {
        let mut lanes = Lanes::default();
        lanes.looked(&allowing(2), at(0));
        assert_eq!([(); 3].map(|()| lanes.enter(&lane(), at(0))), [true, true, false]);
        lanes.went(&lane());
        assert!(!lanes.enter(&lane(), at(1)), "the budget was not seen again");
        lanes.looked(&allowing(1), at(2));
        assert!(!lanes.enter(&lane(), at(2)), "one is still unanswered");
        lanes.went(&lane());
        lanes.looked(&allowing(1), at(3));
        assert!(lanes.enter(&lane(), at(3)));
    }

    #[test]
    fn an_exhausted_budget_is_tried_with_one_pod_and_longer_and_longer_pauses() {
        let mut lanes = Lanes::default();
        let mut tries = Vec::new();
        for second in 0..40 {
            lanes.looked(&allowing(0), at(second));
            if lanes.enter(&lane(), at(second)) {
                tries.push(second);
                assert!(!lanes.enter(&lane(), at(second)));
                lanes.refused(&lane(), at(second));
            }
        }
        assert_eq!(tries, [0, 1, 3, 7, 15, 25, 35]);
    }

    #[test]
    fn room_that_is_seen_opens_a_lane_that_the_budget_closed_and_no_other() {
        for (by_budget, opens) in [(true, true), (false, false)] {
            let mut lanes = Lanes::default();
            assert!(lanes.enter(&lane(), at(0)));
            if by_budget {
                lanes.refused(&lane(), at(0));
            } else {
                lanes.put_off_for(&lane(), at(0), SLOWEST_RETRY);
            }
            lanes.looked(&allowing(1), at(0));
            assert_eq!(lanes.enter(&lane(), at(0)), opens);
        }
    }
}

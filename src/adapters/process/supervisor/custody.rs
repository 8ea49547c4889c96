//! When a tool is interrupted and when it is killed, as a pure function of what happened and of the time.

use std::time::Duration;

use super::super::protocol::Stopped;
use crate::ops::ports::BootInstant;

/// How long processes that outlive their tool may take to end after SIGTERM.
const STRAY_TIME: Duration = Duration::from_secs(1);

/// How often SIGKILL is repeated: a killed process hands its children to us only when it is gone.
const KILL_AGAIN: Duration = Duration::from_millis(50);

/// How long after the first SIGKILL we stop to wait for a process that does not go (it hangs in the kernel).
const GIVE_UP: Duration = Duration::from_secs(10);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// SIGINT to the tool's group. Never twice: Terraform takes a second one as leave to lose its state.
    Interrupt,
    /// SIGTERM to what the tool left behind.
    Terminate,
    /// SIGKILL to everything.
    Kill,
    /// Report what cannot be killed, and end.
    GiveUp,
}

#[derive(Debug)]
pub struct Custody {
    stop_time: Duration,
    deadline: Option<BootInstant>,
    /// Why the tool had to stop, once it had to.
    stopped: Option<Stopped>,
    interrupted: bool,
    terminated: bool,
    kill_at: Option<BootInstant>,
    first_kill: Option<BootInstant>,
    /// The tool itself has ended; only what it left behind may still run.
    ended: bool,
}

impl Custody {
    pub fn new(stop_time: Duration, deadline: Option<BootInstant>) -> Custody {
        Custody {
            stop_time,
            deadline,
            stopped: None,
            interrupted: false,
            terminated: false,
            kill_at: None,
            first_kill: None,
            ended: false,
        }
    }

    /// The lease was renewed until then. It does not take back a stop.
    pub fn renewed(&mut self, deadline: BootInstant) {
        self.deadline = Some(deadline);
    }

    /// `scaler` is gone.
    pub fn orphaned(&mut self, now: BootInstant) {
        self.stop(Stopped::Orphaned, Some(self.stop_time), now);
    }

    /// `scaler` wants the tool to stop, by force after that time, if one is given.
    pub fn interrupt(&mut self, kill_after: Option<Duration>, now: BootInstant) {
        self.stop(Stopped::Interrupted, kill_after, now);
    }

    /// The tool itself has ended, and left processes behind.
    pub fn left_behind(&mut self) {
        self.ended = true;
    }

    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    fn stop(&mut self, why: Stopped, kill_after: Option<Duration>, now: BootInstant) {
        self.stopped.get_or_insert(why);
        self.kill_within(kill_after, now);
    }

    fn kill_within(&mut self, time: Option<Duration>, now: BootInstant) {
        if let Some(time) = time {
            let at = now.after(time);
            self.kill_at = Some(self.kill_at.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// The next thing to do, if there is one; to be asked until there is none.
    pub fn due(&mut self, now: BootInstant) -> Option<Act> {
        if let Some(deadline) = self.deadline.take_if(|deadline| *deadline <= now) {
            // Counted from the deadline: after a sleep of the machine somebody else may be at work since.
            self.stop(Stopped::Deadline, Some(self.stop_time), deadline);
        }
        if self.first_kill.is_some_and(|first| first.after(GIVE_UP) <= now) {
            return Some(Act::GiveUp);
        }
        if self.kill_at.is_some_and(|at| at <= now) {
            self.interrupted = true;
            self.first_kill.get_or_insert(now);
            self.kill_at = Some(now.after(KILL_AGAIN));
            return Some(Act::Kill);
        }
        if self.ended {
            if self.terminated || self.first_kill.is_some() {
                return None;
            }
            self.terminated = true;
            self.kill_within(Some(STRAY_TIME), now);
            return Some(Act::Terminate);
        }
        if self.stopped.is_some() && !std::mem::replace(&mut self.interrupted, true) {
            return Some(Act::Interrupt);
        }
        None
    }

    /// When [`Custody::due`] must be asked again at the latest.
    pub fn wake_at(&self) -> Option<BootInstant> {
        self.deadline.into_iter().chain(self.kill_at).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STOP: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> BootInstant {
        BootInstant(Duration::from_secs(1000 + seconds))
    }

    fn all_due(custody: &mut Custody, now: BootInstant) -> Vec<Act> {
        std::iter::from_fn(|| custody.due(now)).collect()
    }

    #[test]
    fn nothing_happens_to_a_tool_within_its_lease() {
        let mut custody = Custody::new(STOP, Some(at(45)));
        assert_eq!(all_due(&mut custody, at(44)), []);
        custody.renewed(at(60));
        assert_eq!(all_due(&mut custody, at(59)), []);
        assert_eq!(custody.wake_at(), Some(at(60)));
        assert_eq!(custody.stopped(), None);
    }

    #[test]
    fn a_dead_scaler_interrupts_at_once_and_kills_after_the_stop_time() {
        let mut custody = Custody::new(STOP, None);
        custody.orphaned(at(0));
        assert_eq!(all_due(&mut custody, at(0)), [Act::Interrupt]);
        assert_eq!(custody.wake_at(), Some(at(30)));
        assert_eq!(all_due(&mut custody, at(29)), []);
        assert_eq!(all_due(&mut custody, at(30)), [Act::Kill]);
        assert_eq!(all_due(&mut custody, at(31)), [Act::Kill], "again, for what turned up meanwhile");
        assert_eq!(custody.due(at(40)), Some(Act::GiveUp));
        assert_eq!(custody.stopped(), Some(Stopped::Orphaned));
    }

    #[test]
    fn the_deadline_stops_also_a_tool_that_was_told_to_take_its_time() {
        let mut custody = Custody::new(STOP, Some(at(45)));
        custody.interrupt(None, at(0));
        assert_eq!(all_due(&mut custody, at(0)), [Act::Interrupt]);
        assert_eq!(all_due(&mut custody, at(45)), [], "it is never interrupted a second time");
        assert_eq!(all_due(&mut custody, at(75)), [Act::Kill]);
        assert_eq!(custody.stopped(), Some(Stopped::Interrupted));
    }

    #[test]
    fn a_machine_that_slept_for_longer_than_the_stop_time_kills_at_once() {
        let mut custody = Custody::new(STOP, Some(at(45)));
        assert_eq!(all_due(&mut custody, at(300)), [Act::Kill]);
        assert_eq!(custody.stopped(), Some(Stopped::Deadline));
    }

    #[test]
    fn a_late_renewal_takes_nothing_back() {
        let mut custody = Custody::new(STOP, Some(at(45)));
        assert_eq!(all_due(&mut custody, at(46)), [Act::Interrupt]);
        custody.renewed(at(500));
        assert_eq!(all_due(&mut custody, at(76)), [Act::Kill]);
        assert_eq!(custody.stopped(), Some(Stopped::Deadline));
    }

    #[test]
    fn what_a_tool_left_behind_is_ended_whether_or_not_the_tool_was_interrupted() {
        for interrupted in [false, true] {
            let mut custody = Custody::new(STOP, None);
            if interrupted {
                custody.interrupt(None, at(0));
                assert_eq!(all_due(&mut custody, at(0)), [Act::Interrupt]);
            }
            custody.left_behind();
            assert_eq!(all_due(&mut custody, at(1)), [Act::Terminate]);
            assert_eq!(all_due(&mut custody, at(1)), []);
            assert_eq!(custody.wake_at(), Some(at(2)));
            assert_eq!(all_due(&mut custody, at(2)), [Act::Kill]);
        }
    }

    #[derive(Debug, Clone)]
    enum Happening {
        Orphaned,
        Interrupt(Option<u64>),
        Renewed(u64),
        LeftBehind,
        Nothing,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            Just(Happening::Orphaned),
            prop::option::of(0..60_u64).prop_map(Happening::Interrupt),
            (0..200_u64).prop_map(Happening::Renewed),
            Just(Happening::LeftBehind),
            Just(Happening::Nothing),
        ]
    }

    proptest! {
        /// Whatever happens in whatever order: one SIGINT at most, none after a kill, and whoever lost scaler is
        /// killed after the stop time at the latest.
        #[test]
        fn one_interrupt_and_a_bounded_end(happenings in prop::collection::vec((0..5_u64, happening()), 1..20)) {
            let mut custody = Custody::new(STOP, Some(at(100)));
            let (mut now, mut acts, mut orphaned_at) = (0, Vec::new(), None);
            for (wait, happening) in happenings {
                now += wait;
                match happening {
                    Happening::Orphaned => {
                        orphaned_at.get_or_insert(now);
                        custody.orphaned(at(now));
                    }
                    Happening::Interrupt(after) => custody.interrupt(after.map(Duration::from_secs), at(now)),
                    Happening::Renewed(until) => custody.renewed(at(until)),
                    Happening::LeftBehind => custody.left_behind(),
                    Happening::Nothing => {}
                }
                // A process that gives up ends; nobody asks it again.
                acts.extend(std::iter::from_fn(|| custody.due(at(now))).take(4));
            }
            let interrupts = acts.iter().filter(|act| **act == Act::Interrupt).count();
            prop_assert!(interrupts <= 1);
            let killed = acts.iter().position(|act| *act == Act::Kill);
            if let (Some(killed), Some(interrupt)) = (killed, acts.iter().position(|act| *act == Act::Interrupt)) {
                prop_assert!(interrupt < killed);
            }
            if let Some(orphaned_at) = orphaned_at {
                let last = at(orphaned_at).after(STOP).0.max(at(now).0);
                let due = custody.due(BootInstant(last));
                prop_assert!(killed.is_some() || matches!(due, Some(Act::Kill | Act::GiveUp)), "{due:?}");
            }
        }
    }
}

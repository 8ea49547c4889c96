//! How long each step took, for `--timings`.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ops::ports::{BootInstant, Clock, Event, Progress};

/// Passes events on, and notes when steps begin and end.
pub struct Timings {
    next: Arc<dyn Progress>,
    clock: Arc<dyn Clock>,
    begun: BootInstant,
    steps: Mutex<Vec<Step>>,
}

struct Step {
    name: String,
    title: String,
    start: BootInstant,
    took: Option<Duration>,
}

impl Timings {
    pub fn new(next: Arc<dyn Progress>, clock: Arc<dyn Clock>) -> Timings {
        let begun = clock.boot();
        Timings { next, clock, begun, steps: Mutex::default() }
    }

    fn since(&self, start: BootInstant) -> Duration {
        self.clock.boot().since(start)
    }

    /// As an event a line, like the rest of `--progress json`: steps with `title`, `seconds` and `ended`; all in seconds.
    pub fn event(&self) -> String {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let steps: Vec<serde_json::Value> = steps.iter().map(|step| {
            let took = step.took.unwrap_or_else(|| self.since(step.start));
            serde_json::json!({ "step": step.name, "title": step.title, "seconds": took.as_secs_f64(), "ended": step.took.is_some() })
        }).collect();
        let seconds = self.since(self.begun).as_secs_f64();
        format!("{}\n", serde_json::json!({ "event": "timings", "seconds": seconds, "steps": steps }))
    }

    /// A line a step in the order of their beginnings, and the sum. Steps may run side by side.
    pub fn table(&self) -> String {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = String::from("timings:\n");
        for step in steps.iter() {
            let took = step.took.unwrap_or_else(|| self.since(step.start));
            let end = if step.took.is_none() { " (did not end)" } else { "" };
            writeln!(table, "{:>9.3} s  {}{end}", took.as_secs_f64(), step.title).expect("a text can be written");
        }
        writeln!(table, "{:>9.3} s  in all", self.since(self.begun).as_secs_f64()).expect("a text can be written");
        table
    }
}

impl Progress for Timings {
    fn tell(&self, event: Event) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        match &event {
            Event::StepStarted { step, title } => {
                steps.push(Step { name: step.clone(), title: title.clone(), start: self.clock.boot(), took: None });
            }
            Event::StepDone { step, title } | Event::StepFailed { step, title, .. } => {
                if let Some(ended) = steps.iter_mut().rev().find(|one| one.name == *step && one.took.is_none()) {
                    ended.took = Some(self.since(ended.start));
                    ended.title.clone_from(title);
                }
            }
            _ => {}
        }
        drop(steps);
        self.next.tell(event);
    }
}

#[cfg(test)]
mod tests {
    use super::super::progress::sample;
    use super::*;
    use crate::ops::testing::VirtualClock;

    struct Deaf;

    impl Progress for Deaf {
        fn tell(&self, _: Event) {}
    }

    #[test]
    fn each_step_has_its_line() {
        let timings = Timings::new(Arc::new(Deaf), Arc::new(VirtualClock::default()));
        sample().into_iter().for_each(|event| timings.tell(event));
        timings.tell(Event::StepStarted { step: "x".into(), title: "cut off".into() });
        let table = timings.table();
        let lines: Vec<&str> = table.lines().filter_map(|line| line.split(" s  ").nth(1)).collect();
        let event: serde_json::Value = serde_json::from_str(&timings.event()).unwrap();
        assert_eq!(event["steps"][2]["ended"], false);
        assert_eq!(
            lines,
            ["1 node is drained", "asking Terraform to remove 1 machine", "cut off (did not end)", "in all"]
        );
    }
}

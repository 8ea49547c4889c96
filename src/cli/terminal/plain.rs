//! Progress as lines, for a log.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::saying::{Detail, Saying, saying};
use crate::ops::ports::{Event, Progress};

/// Writes what an event says, a line each. Waiting that goes on unchanged is said once.
pub struct Plain<W> {
    out: Mutex<Out<W>>,
}

struct Out<W> {
    to: W,
    /// What was said last of each thing.
    last: BTreeMap<String, String>,
    /// The steps that go on, with their titles.
    open: BTreeMap<String, String>,
}

impl<W: Write + Send> Plain<W> {
    pub fn new(to: W) -> Plain<W> {
        Plain { out: Mutex::new(Out { to, last: BTreeMap::new(), open: BTreeMap::new() }) }
    }
}

impl<W: Write + Send> Progress for Plain<W> {
    fn tell(&self, event: Event) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match saying(&event) {
            Saying::Begin { step, title } => {
                let line = format!(".. {title}");
                out.open.insert(step, title);
                line
            }
            Saying::End { step, well, text } => {
                out.open.remove(&step);
                format!("{} {text}", if well { "ok" } else { "!!" })
            }
            Saying::Line(text) => text,
            Saying::Warning(text) => format!("warning: {text}"),
            Saying::News { detail: Detail::Watched, .. } => return,
            Saying::News { step, about, text, .. } => {
                if out.last.get(&about) == Some(&text) {
                    return;
                }
                // Of several steps that go on at once, a line says which it is of.
                let of = step.and_then(|step| out.open.get(&step)).filter(|_| out.open.len() > 1);
                let line = of.map_or_else(|| format!("   {text}"), |title| format!("   {title}: {text}"));
                out.last.insert(about, text);
                line
            }
        };
        // Nobody may be left to read it; the work goes on all the same.
        let _ = writeln!(out.to, "{line}");
    }
}

/// Events as JSON, a line each, as they are. The form is documented with [`Event`].
pub struct Json<W>(pub Mutex<W>);

impl<W: Write + Send> Progress for Json<W> {
    fn tell(&self, event: Event) {
        let line = serde_json::to_string(&event).expect("an event is plain text and numbers");
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}");
    }
}

/// Says nothing but warnings.
pub struct Quiet<W>(pub Mutex<W>);

impl<W: Write + Send> Progress for Quiet<W> {
    fn tell(&self, event: Event) {
        if let Saying::Warning(text) = saying(&event) {
            let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(out, "warning: {text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::progress::sample;
    use super::*;

    /// Where a renderer writes, to be read afterwards.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn told(progress: impl FnOnce(Paper) -> Box<dyn Progress>) -> String {
        let paper = Paper::default();
        let progress = progress(paper.clone());
        sample().into_iter().for_each(|event| progress.tell(event));
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_log_has_a_line_for_each_thing_and_no_repetition() {
        insta::assert_snapshot!(told(|paper| Box::new(Plain::new(paper))), @r#"
        operation 20260102t030405z-0000000000000007: scaler scale-down --pool workers --by 1
        .. draining 1 node
        demo-workers-2: cordoned
           demo-workers-2: default/web-1 was asked to leave
           demo-workers-2: default/web-1 waits: PodDisruptionBudget default/web allows none now
           1 of 2 pods left
        demo-workers-2: drained
        ok 1 node is drained
        .. asking Terraform to remove 1 machine
           pool-workers: aws_instance.node["demo-workers-2"]: delete started
        warning: pool-workers: a deprecated argument\u{1b}[0m
        !! asking Terraform to remove 1 machine: it was interrupted
        "#);
    }

    #[test]
    fn of_several_steps_a_line_says_which_it_is_of() {
        let paper = Paper::default();
        let plain = Plain::new(paper.clone());
        let begins = |host: &str| Event::StepStarted { step: host.into(), title: format!("provisioning {host}") };
        let note = |host: &str, note: &str| Event::StepNote { step: host.into(), note: note.into() };
        let ends = Event::StepDone { step: "a".into(), title: "a is provisioned".into() };
        for event in [begins("a"), begins("b"), note("a", "join"), note("b", "join"), ends, note("b", "still")] {
            plain.tell(event);
        }
        let said = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = said.lines().skip(2).collect();
        let wanted = ["   provisioning a: join", "   provisioning b: join", "ok a is provisioned", "   still"];
        assert_eq!(lines, wanted);
    }

    #[test]
    fn json_is_an_event_a_line() {
        let text = told(|paper| Box::new(Json(Mutex::new(paper))));
        let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), sample().len());
        assert_eq!(events[1]["event"], "step-started");
        assert_eq!(events[3]["node"], "demo-workers-2");
    }

    #[test]
    fn quiet_says_warnings_only() {
        let text = told(|paper| Box::new(Quiet(Mutex::new(paper))));
        assert_eq!(text, "warning: pool-workers: a deprecated argument\\u{1b}[0m\n");
    }
}

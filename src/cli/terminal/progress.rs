//! Progress on standard error: live on a terminal, plain lines elsewhere, or one JSON document a line.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::ops::ports::{Event, Progress};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Live { colors: bool },
    Plain,
    Json,
    Quiet,
}

pub fn progress(style: Style) -> Arc<dyn Progress> {
    match style {
        Style::Live { colors } => Arc::new(Live::new(colors)),
        Style::Plain => Arc::new(Plain),
        Style::Json => Arc::new(Json),
        Style::Quiet => Arc::new(Quiet),
    }
}

/// What an event says as one line; None for what only counts as a document.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::OperationStarted { operation, .. } => format!("operation {operation} began"),
        Event::StepStarted { title, .. } => format!("{title} ..."),
        Event::StepNote { note, .. } => note.clone(),
        Event::StepDone { title, .. } => format!("done: {title}"),
        Event::StepFailed { title, why, .. } => format!("failed: {title}: {why}"),
        Event::Cordoned { node } => format!("{node}: cordoned"),
        Event::Uncordoned { node } => format!("{node}: given back as it was"),
        Event::Evicted { node, pod } => format!("{node}: evicted {pod}"),
        Event::Waiting { node, pod, on } => format!("{node}: {pod} waits: {on}"),
        Event::Drained { node } => format!("{node}: empty"),
        Event::Resource { stack, address, action, state } => format!("{stack}: {address}: {action} {state}"),
        Event::MachineGone { node, machine } => format!("{node}: machine {machine} is gone"),
        Event::NodeDeleted { node } => format!("{node}: Node object deleted"),
        Event::Warning { text } => format!("warning: {text}"),
    })
}

/// Lines; a reader that went away is no reason to stop the work.
fn put(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

struct Plain;

impl Progress for Plain {
    fn tell(&self, event: Event) {
        if let Some(line) = line(&event) {
            put(&line);
        }
    }
}

struct Json;

impl Progress for Json {
    fn tell(&self, event: Event) {
        // Names and texts alone: they are always JSON.
        if let Ok(line) = serde_json::to_string(&event) {
            put(&line);
        }
    }
}

struct Quiet;

impl Progress for Quiet {
    fn tell(&self, _event: Event) {}
}

/// A spinner for each step that goes on, with its last news; what is settled scrolls above them.
struct Live {
    screen: MultiProgress,
    steps: Mutex<HashMap<String, ProgressBar>>,
    style: ProgressStyle,
}

impl Live {
    fn new(colors: bool) -> Live {
        let template = if colors { "{spinner:.cyan} {msg} {elapsed:.dim}" } else { "{spinner} {msg} {elapsed}" };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        Live { screen: MultiProgress::new(), steps: Mutex::new(HashMap::new()), style }
    }

    fn above(&self, event: &Event) {
        if let Some(line) = line(event) {
            // As for plain lines: the work goes on without a reader.
            let _ = self.screen.println(line);
        }
    }
}

impl Progress for Live {
    fn tell(&self, event: Event) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        match &event {
            Event::StepStarted { step, title } => {
                let bar = self.screen.add(ProgressBar::new_spinner().with_style(self.style.clone()));
                bar.set_message(title.clone());
                bar.enable_steady_tick(Duration::from_millis(120));
                if let Some(former) = steps.insert(step.clone(), bar) {
                    former.finish_and_clear();
                }
            }
            Event::StepNote { step, note } => match steps.get(step) {
                Some(bar) => bar.set_message(note.clone()),
                None => self.above(&event),
            },
            Event::StepDone { step, .. } | Event::StepFailed { step, .. } => {
                if let Some(bar) = steps.remove(step) {
                    bar.finish_and_clear();
                }
                self.above(&event);
            }
            _ => self.above(&event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::NodeName;

    #[test]
    fn every_line_names_what_it_is_about() {
        let node = NodeName::from_text("d-w-1");
        let event = Event::Waiting { node, pod: "web/a".into(), on: "budget web/b allows none now".into() };
        assert_eq!(line(&event).unwrap(), "d-w-1: web/a waits: budget web/b allows none now");
    }
}

//! What an event says to a person, before it is known how it is shown.

use super::clean::clean;
use crate::ops::ports::Event;

/// One thing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// A step that may take a while began.
    Begin {
        step: String,
        title: String,
    },
    /// It ended, well or not.
    End {
        step: String,
        well: bool,
        text: String,
    },
    /// Worth a line of its own.
    Line(String),
    Warning(String),
    /// News that the next one of the same thing (`about`) makes old. With a step, it belongs to that step.
    News {
        step: Option<String>,
        about: String,
        text: String,
        detail: Detail,
    },
}

/// How much a log wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Logged,
    /// Only for who watches: it says nothing that a log needs.
    Watched,
}

/// The words for an event.
pub fn saying(event: &Event) -> Saying {
    let line = |text: String| Saying::Line(clean(&text).into_owned());
    match event {
        Event::OperationStarted { operation, command } => line(format!("operation {operation}: {command}")),
        Event::StepStarted { step, title } => Saying::Begin { step: step.clone(), title: clean(title).into_owned() },
        Event::StepNote { step, note } => news(Some(step), step.clone(), note.clone(), Detail::Logged),
        Event::StepDone { step, title } => {
            Saying::End { step: step.clone(), well: true, text: clean(title).into_owned() }
        }
        Event::StepFailed { step, title, why } => {
            Saying::End { step: step.clone(), well: false, text: clean(&format!("{title}: {why}")).into_owned() }
        }
        Event::Cordoned { node } => line(format!("{node}: cordoned")),
        Event::Uncordoned { node } => line(format!("{node}: uncordoned")),
        Event::Evicted { node, pod } => {
            news(None, format!("{node} {pod}"), format!("{node}: {pod} was asked to leave"), Detail::Logged)
        }
        Event::Waiting { node, pod, on } => {
            news(None, format!("{node} {pod}"), format!("{node}: {pod} waits: {on}"), Detail::Logged)
        }
        Event::Drained { node } => line(format!("{node}: drained")),
        Event::Resource { stack, address, action, state } => {
            // What Terraform plans is shown as a whole, and it reads every resource again and again.
            let logged = action != "refresh" && ["started", "done", "failed"].contains(&state.as_str());
            let detail = if logged { Detail::Logged } else { Detail::Watched };
            news(None, format!("{stack} {address}"), format!("{stack}: {address}: {action} {state}"), detail)
        }
        Event::MachineGone { node, machine } => line(format!("{node}: machine {machine} is gone")),
        Event::NodeDeleted { node } => line(format!("{node}: deleted from Kubernetes")),
        Event::Warning { text } => Saying::Warning(clean(text).into_owned()),
    }
}

fn news(step: Option<&String>, about: String, text: String, detail: Detail) -> Saying {
    Saying::News { step: step.cloned(), about, text: clean(&text).into_owned(), detail }
}

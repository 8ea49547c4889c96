//! Which way progress is shown.

use std::sync::{Arc, Mutex};

use super::live::Live;
use super::plain::{Json, Plain, Quiet};
use crate::ops::ports::Progress;

/// How events are shown on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nothing but warnings.
    Quiet,
    /// One JSON document a line.
    Json,
    /// Lines, for a log.
    Plain,
    /// A terminal: what goes on turns and counts its time, what is done stays.
    Live { colors: bool },
}

/// Ends a live show, so that a last word can be said below it.
pub struct Curtain(Option<Arc<Live>>);

impl Curtain {
    pub fn fall(&self) {
        if let Some(live) = &self.0 {
            live.end();
        }
    }
}

pub fn progress(style: Style) -> (Arc<dyn Progress>, Curtain) {
    let to = std::io::stderr();
    let lasting: Arc<dyn Progress> = match style {
        Style::Quiet => Arc::new(Quiet(Mutex::new(to))),
        Style::Json => Arc::new(Json(Mutex::new(to))),
        Style::Plain => Arc::new(Plain::new(to)),
        Style::Live { colors } => {
            let live = Arc::new(Live::new(indicatif::ProgressDrawTarget::stderr(), colors));
            return (Arc::clone(&live) as Arc<dyn Progress>, Curtain(Some(live)));
        }
    };
    (lasting, Curtain(None))
}

/// The events of a small operation, for the tests of every way to show them.
#[cfg(test)]
pub fn sample() -> Vec<crate::ops::ports::Event> {
    use crate::model::names::{NodeName, OperationId, StackId};
    use crate::ops::ports::Event;

    let node = || NodeName::new("demo", "workers", 2);
    let waiting = || Event::Waiting {
        node: node(),
        pod: "default/web-1".into(),
        on: "PodDisruptionBudget default/web allows none now".into(),
    };
    let resource = |action: &str, state: &str| Event::Resource {
        stack: StackId::Pool("workers".into()),
        address: "aws_instance.node[\"demo-workers-2\"]".into(),
        action: action.into(),
        state: state.into(),
    };
    let removing = || ("terraform".to_owned(), "asking Terraform to remove 1 machine".to_owned());
    vec![
        Event::OperationStarted {
            operation: OperationId::from_text("20260102t030405z-0000000000000007"),
            command: "scaler scale-down --pool workers --by 1".into(),
        },
        Event::StepStarted { step: "drain".into(), title: "draining 1 node".into() },
        Event::Cordoned { node: node() },
        Event::Evicted { node: node(), pod: "default/web-1".into() },
        waiting(),
        waiting(),
        Event::StepNote { step: "drain".into(), note: "1 of 2 pods left".into() },
        Event::Drained { node: node() },
        Event::StepDone { step: "drain".into(), title: "1 node is drained".into() },
        Event::StepStarted { step: removing().0, title: removing().1 },
        resource("refresh", "started"),
        resource("delete", "started"),
        resource("delete", "running"),
        Event::Warning { text: "pool-workers: a deprecated argument\u{1b}[0m".into() },
        Event::StepFailed { step: removing().0, title: removing().1, why: "it was interrupted".into() },
    ]
}

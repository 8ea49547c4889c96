//! What every command has: the settings, the options for all commands, and the ways to speak.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::args::{ColorWhen, Global, Output, ProgressStyle};
use super::between::Between;
use super::connect;
use super::settings::Settings;
use super::terminal::{self, Curtain, Style, Timings};
use crate::model::failure::{Failure, Kind, Result};
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::Progress;

/// How long a tool that was interrupted may take to end and say so, before it is left to its supervisor.
const LAST_WORDS: Duration = Duration::from_secs(3);

pub struct App {
    pub settings: Settings,
    pub global: Global,
    /// Colours on standard error.
    pub colors: bool,
    pub progress: Arc<dyn Progress>,
    /// Falls before the last word.
    pub curtain: Curtain,
    pub timings: Option<Arc<Timings>>,
    pub interrupts: Interrupts,
    pub between: Box<dyn Between>,
}

impl App {
    pub fn new(settings: Settings, global: Global, interrupts: Interrupts, between: Box<dyn Between>) -> App {
        let colors = match global.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => {
                settings.live && settings.text("NO_COLOR").is_none() && settings.text("TERM").as_deref() != Some("dumb")
            }
        };
        let style = match global.progress {
            ProgressStyle::None => Style::Quiet,
            ProgressStyle::Json => Style::Json,
            // Lines of the log would tear a live show.
            ProgressStyle::Auto if settings.live && global.verbose == 0 => Style::Live { colors },
            ProgressStyle::Auto | ProgressStyle::Plain => Style::Plain,
        };
        terminal::listen(global.verbose, style == Style::Json, colors);
        let (mut progress, curtain) = terminal::progress(style);
        let timings = global.timings.then(|| Arc::new(Timings::new(progress.clone(), connect::clock())));
        if let Some(timings) = &timings {
            progress = timings.clone();
        }
        progress = between.progress(progress);
        App { progress, curtain, timings, settings, global, colors, interrupts, between }
    }

    /// Of the terminal, in characters; 100 where there is none.
    pub fn width(&self) -> usize {
        let set = self.settings.text("COLUMNS").and_then(|columns| columns.parse().ok());
        set.or_else(terminal::width).unwrap_or(100).max(40)
    }

    pub fn json(&self) -> bool {
        self.global.output == Output::Json
    }

    /// Prints the result: `text` for people, or the document.
    pub fn print(&self, text: &str, document: &impl Serialize) -> Result<()> {
        let out = if self.json() {
            let mut json = serde_json::to_string_pretty(document)
                .map_err(|error| Failure::failed("the result cannot be written as JSON").caused_by(&error))?;
            json.push('\n');
            json
        } else {
            text.to_owned()
        };
        match std::io::stdout().write_all(out.as_bytes()) {
            // The reader of a pipe may have had enough: `scaler schema | head`.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::failed("the result cannot be written to standard output").because(error))
            }
            _ => Ok(()),
        }
    }

    /// Looks, without changing anything, until a signal comes.
    pub async fn look<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let interrupted =
            || Failure::new(Kind::Interrupted, "interrupted while looking at the cluster").hint("nothing was changed");
        let patience = async {
            self.interrupts.first().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            biased;
            done = work => match done {
                // What came of it was not waited for.
                Ok(_) if self.interrupts.count() > 0 => Err(interrupted()),
                Err(failure) if failure.kind == Kind::Interrupted => Err(failure.hint("nothing was changed")),
                done => done,
            },
            () = patience => Err(interrupted()),
        }
    }

    /// Shows text to a person, on standard error, above any progress.
    pub fn show(&self, text: &str) {
        eprint!("{text}");
    }

    /// Asks for a plain yes. With nobody to ask, a change is refused.
    pub fn confirm(&self, question: &str) -> Result<()> {
        self.ask(question, "yes", "--yes")
    }

    /// Asks for exactly this answer.
    pub fn ask(&self, question: &str, wanted: &str, option: &str) -> Result<()> {
        if !self.settings.interactive {
            return Err(Failure::new(Kind::Refused, "there is no terminal to ask on, so nothing was changed")
                .hint(format!("look at the plan, then give {option}")));
        }
        if terminal::ask(question, wanted, &self.interrupts)? {
            return Ok(());
        }
        Err(Failure::new(Kind::Refused, format!("the answer was not `{wanted}`; nothing was changed")))
    }
}

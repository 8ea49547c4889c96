//! What is wrong with a cluster file: each problem with its place, and all of them at once.

use std::fmt;

use serde::Serialize;

use super::source::{Position, Source, Span};
use super::text::visible;
use crate::model::failure::{Failure, Kind};

/// More problems than anyone will mend at once; what comes after is not looked for.
const MOST: usize = 500;

/// How many are shown: a person mends these, and looks again.
pub(super) const SHOWN: usize = 50;

/// How many characters of a line are repeated for a program.
const LONGEST_LINE: usize = 500;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub at: Span,
    /// What is wrong, as a sentence that names the field.
    pub what: String,
    /// Why, in a few words that stand under the text they are about.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Another place that belongs to it.
    pub other: Option<(Span, String)>,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<Problem>);

impl Findings {
    pub fn push(&mut self, problem: Problem) {
        if !self.full() {
            // Messages repeat what the file says, and go to terminals.
            self.0.push(Problem {
                what: visible(problem.what),
                label: visible(problem.label),
                help: problem.help.map(visible),
                ..problem
            });
        }
    }

    /// Whether looking further is of no use.
    pub fn full(&self) -> bool {
        self.0.len() >= MOST
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them in the order of the text, with the texts they point into.
    pub fn into_problems(mut self, sources: Vec<Source>) -> Problems {
        self.0.sort_by_key(|problem| (problem.at.source, problem.at.start));
        // A value that several parts share is mended in one place.
        self.0.dedup_by(|next, last| next.at == last.at && next.label == last.label && next.help == last.help);
        Problems { sources, list: self.0 }
    }
}

/// Why a cluster file is not valid. There is always at least one problem in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    pub(super) sources: Vec<Source>,
    pub(super) list: Vec<Problem>,
}

/// A problem as a program reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Located {
    /// The file, or `--set`.
    pub file: String,
    #[serde(flatten)]
    pub position: Position,
    /// The line itself.
    pub source: String,
    pub problem: String,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problems {
    /// One problem with a text that could not even be looked into.
    pub(super) fn one(source: Source, problem: Problem) -> Problems {
        Problems { sources: vec![source], list: vec![problem] }
    }

    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// For JSON output.
    pub fn located(&self) -> Vec<Located> {
        self.list.iter().map(|problem| self.locate(problem)).collect()
    }

    /// On one line.
    fn line(&self, problem: &Problem) -> String {
        let source = &self.sources[problem.at.source];
        let Position { line, column } = source.position(problem.at.start);
        let Problem { what, label, .. } = problem;
        format!("{}:{line}:{column}: {what}: {label}", source.name)
    }

    fn locate(&self, problem: &Problem) -> Located {
        let source = &self.sources[problem.at.source];
        Located {
            file: source.name.clone(),
            position: source.position(problem.at.start),
            source: visible(source.line(problem.at.start).2.chars().take(LONGEST_LINE).collect()),
            problem: problem.what.clone(),
            reason: problem.label.clone(),
            help: problem.help.clone(),
        }
    }
}

/// One line each, for where there is no room for the source.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.list.iter().map(|problem| self.line(problem)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// For callers that pass errors on; who talks to a person shows [`Problems::report`] instead.
impl From<Problems> for Failure {
    fn from(problems: Problems) -> Failure {
        let name = problems.sources.first().map_or("the cluster file", |source| source.name.as_str());
        let what = match problems.count() {
            1 => format!("{name} is not valid"),
            count => format!("{name} is not valid: it has {count} problems"),
        };
        let mut failure = Failure::new(Kind::InvalidFile, what);
        for problem in problems.list.iter().take(SHOWN) {
            let help = problem.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
            failure = failure.because(format!("{}{help}", problems.line(problem)));
        }
        match problems.count().saturating_sub(SHOWN) {
            0 => failure,
            hidden => failure.because(format!("{hidden} more")),
        }
    }
}

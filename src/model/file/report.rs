//! Problems as a person reads them: with the source line, a caret, and what to write instead.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::problem::{Problem, Problems, SHOWN};
use super::source::Span;
use super::text::is_invisible;

/// How many bytes of a line the renderer is given before a mark, and behind where it begins.
const LONG: usize = 2000;

impl Problems {
    /// All problems, one below the other, and how many there are. With `colour`, for a terminal.
    pub fn report(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for problem in self.list.iter().take(SHOWN) {
            text.push_str(renderer.render(&[self.group(problem)]).trim_end());
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    fn summary(&self) -> String {
        let name = &self.sources[0].name;
        match (self.count(), self.count().saturating_sub(SHOWN)) {
            (1, _) => format!("{name} has 1 problem"),
            (count, 0) => format!("{name} has {count} problems"),
            (count, hidden) => format!("{name} has {count} problems or more; {hidden} are not shown"),
        }
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let mut group = Group::with_title(Level::ERROR.primary_title(&*problem.what));
        group = self.show(group, problem.at, AnnotationKind::Primary, &problem.label);
        if let Some((span, label)) = &problem.other {
            group = self.show(group, *span, AnnotationKind::Context, label);
        }
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(&**help)),
            None => group,
        }
    }

    /// Only the line itself is handed on, without what is far behind the mark: a file may be one long line, and the
    /// renderer looks at all that it is given. Of a mark far behind the line's beginning only the place is told.
    fn show<'a>(&'a self, group: Group<'a>, span: Span, kind: AnnotationKind, label: &'a str) -> Group<'a> {
        let source = &self.sources[span.source];
        let (number, start, line) = source.line(span.start);
        let mark = within(line, span.start.saturating_sub(start), span.end.saturating_sub(start));
        if mark.start > LONG {
            let column = source.position(span.start).column;
            let origin = Origin::path(&*source.name).line(number).char_column(column);
            return group.element(origin).element(Level::NOTE.message(label));
        }
        let end = line.floor_char_boundary(mark.start + LONG);
        let (line, mark) = harmless(&line[..end], mark.start..mark.end.min(end));
        group.element(
            Snippet::source(line).line_start(number).path(&*source.name).annotation(kind.span(mark).label(label)),
        )
    }
}

/// The line with a mark in place of each invisible character, which a terminal might obey; tabs are the renderer's.
fn harmless(line: &str, mark: Range<usize>) -> (Cow<'_, str>, Range<usize>) {
    let bad = |character: char| character != '\t' && is_invisible(character);
    if !line.contains(bad) {
        return (line.into(), mark);
    }
    let clean = |part: &str| part.replace(bad, "\u{fffd}");
    let (before, marked, after) = (clean(&line[..mark.start]), clean(&line[mark.clone()]), clean(&line[mark.end..]));
    let mark = before.len()..before.len() + marked.len();
    (format!("{before}{marked}{after}").into(), mark)
}

/// The part of the span that lies in its first line, one character at least, on character boundaries.
fn within(line: &str, start: usize, end: usize) -> Range<usize> {
    let start = line.floor_char_boundary(start);
    let end = line.ceil_char_boundary(end.min(line.len()));
    let least = line[start..].chars().next().map_or(start, |first| start + first.len_utf8());
    start..end.max(least)
}

//! `--set path=value`: values put into the file's tree before it is looked at, so that they obey the same rules, and
//! what is wrong with them is shown in the option's own text.

use std::rc::Rc;

use super::problem::Findings;
use super::read::{Wrong, described, nearest, problem_at, wrong};
use super::source::{Source, Span};
use super::text::shown;
use super::yaml::{self, Entry, Meaning, Node, Value};

/// One `--set`, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set(String);

impl Set {
    pub fn new(text: impl Into<String>) -> Set {
        Set(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Set {
    fn from(text: &str) -> Set {
        Set::new(text)
    }
}

/// A step of a path: `drain`, `[0]`, `["example.com/tier"]`.
struct Step {
    part: Part,
    span: Span,
}

enum Part {
    Name(String),
    Index(usize),
}

/// Puts all values into the tree. Each option becomes a source of its own.
pub fn apply(mut root: Node, sets: &[Set], sources: &mut Vec<Source>, findings: &mut Findings) -> Node {
    for set in sets {
        let number = sources.len();
        sources.push(Source::new("--set", set.as_str()));
        let Some((steps, value)) = read(set.as_str(), number, findings) else { continue };
        let nothing = matches!(&*value.value, Value::Scalar(scalar) if scalar.meaning() == Meaning::Null);
        let value = (!nothing).then_some(value);
        if let Err((at, wrong)) = put(&mut root, &steps, value) {
            findings.push(problem_at(at, "this path leads nowhere".into(), wrong));
        }
    }
    root
}

/// Path and value of an option.
fn read(text: &str, source: usize, findings: &mut Findings) -> Option<(Vec<Step>, Node)> {
    let help = "write for example `--set pools.workers.max=30`";
    let (steps, equals) = match steps(text, source) {
        Ok(read) => read,
        Err((at, label)) => {
            findings.push(problem_at(at, "this is no `path=value`".into(), wrong(label, help)));
            return None;
        }
    };
    let start = equals + 1;
    let before = findings.len();
    let value = yaml::document(source, start, &text[start..], findings);
    let at = Span::new(source, start, text.len());
    let Some(value) = value else {
        if findings.len() == before {
            let help = "write a value, or `null` to take the field out of the file";
            findings.push(problem_at(at, "a value is missing".into(), wrong("nothing stands behind the `=`", help)));
        }
        return None;
    };
    let inline = matches!(&*value.value, Value::Scalar(_)) || text[start..].trim_start().starts_with(['{', '[']);
    if !inline {
        let help = "put text with `: ` or `- ` in it in quotes of its own: `--set 'tags.note=\"a: b\"'`";
        let label = format!("{} without brackets", described(&value));
        findings.push(problem_at(at, "a value is one line of YAML".into(), wrong(label, help)));
        return None;
    }
    (findings.len() == before).then_some((steps, value))
}

/// The steps before the `=`, and where that is.
fn steps(text: &str, source: usize) -> Result<(Vec<Step>, usize), (Span, &'static str)> {
    let mut steps = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let bad = |label| (Span::new(source, at, at + 1), label);
        let (part, length) = if let Some(quoted) = rest.strip_prefix("[\"") {
            let name = quoted.split_once("\"]").ok_or(bad("this bracket is never closed"))?.0;
            (Part::Name(name.to_owned()), name.len() + 4)
        } else if let Some(bracket) = rest.strip_prefix('[') {
            let digits = bracket.split_once(']').ok_or(bad("this bracket is never closed"))?.0;
            let index = digits.parse().map_err(|_| bad("a number stands in brackets, or a name in quotes"))?;
            (Part::Index(index), digits.len() + 2)
        } else {
            let length = rest.find(['.', '[', '=']).unwrap_or(rest.len());
            if length == 0 {
                return Err(bad("a name is missing here"));
            }
            (Part::Name(rest[..length].to_owned()), length)
        };
        steps.push(Step { part, span: Span::new(source, at, at + length) });
        at += length;
        match text[at..].chars().next() {
            Some('=') => return Ok((steps, at)),
            Some('.') => at += 1,
            Some('[') => {}
            _ => return Err((Span::new(source, at, at + 1), "there is no `=`")),
        }
    }
}

/// Puts the value at the path, or takes out what is there. Fields that are missing on the way are made; whether they may
/// be there at all, the file's own rules say.
fn put(node: &mut Node, steps: &[Step], value: Option<Node>) -> Result<(), (Span, Wrong)> {
    let Some((step, rest)) = steps.split_first() else {
        if let Some(value) = value {
            *node = value;
        }
        return Ok(());
    };
    let refuse = |wrong: Wrong| (step.span, wrong);
    let taken_out = value.is_none() && rest.is_empty();
    if matches!(&*node.value, Value::Scalar(scalar) if scalar.meaning() == Meaning::Null) {
        *node = Node::new(step.span, Value::Map(Vec::new()));
    }
    let what = described(node);
    match (&step.part, Rc::make_mut(&mut node.value)) {
        (Part::Name(name), Value::Map(entries)) => {
            let index = entries.iter().position(|entry| entry.key == *name);
            match (index, taken_out) {
                (Some(index), true) => {
                    entries.remove(index);
                    Ok(())
                }
                (Some(index), false) => put(&mut entries[index].node, rest, value),
                (None, true) => Err(refuse(wrong("it is not in the file", "there is nothing to take out"))),
                (None, false) => {
                    let mut made = Node::new(step.span, Value::Map(Vec::new()));
                    put(&mut made, rest, value)?;
                    entries.push(Entry { key: name.clone(), key_span: step.span, node: made });
                    Ok(())
                }
            }
        }
        (part, Value::List(items)) => {
            let index = match part {
                Part::Index(index) => (*index < items.len()).then_some(*index),
                Part::Name(name) => items.iter().position(|item| name_of(item) == Some(name)),
            };
            let Some(index) = index else { return Err(refuse(no_such(part, items))) };
            if taken_out {
                items.remove(index);
                return Ok(());
            }
            put(&mut items[index], rest, value)
        }
        (Part::Index(_), Value::Map(_)) => Err(refuse(wrong(what, "write the name of a field in place of the number"))),
        (_, Value::Scalar(_)) => Err(refuse(wrong(format!("{what}, which has no fields"), "end the path before this"))),
    }
}

fn name_of(item: &Node) -> Option<&String> {
    match &*item.get("name")?.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

fn no_such(part: &Part, items: &[Node]) -> Wrong {
    match part {
        Part::Index(_) => {
            let label = format!("the list has {} entries, counted from 0", items.len());
            wrong(label, "write a smaller number; `--set` changes entries, and makes none")
        }
        Part::Name(name) => {
            let names: Vec<&str> = items.iter().filter_map(name_of).map(String::as_str).collect();
            let help = match (nearest(name, names.iter().copied()), names.is_empty()) {
                (Some(meant), _) => format!("did you mean {}?", shown(meant)),
                (None, false) => {
                    format!("there are {}", names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", "))
                }
                (None, true) => "its entries have no names: write a number, `[0]`".into(),
            };
            wrong("no entry has this name", help)
        }
    }
}

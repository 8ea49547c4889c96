//! Changes of a cluster file's text that leave everything else as it is, byte for byte.

use super::parse::tree;
use super::problem::Findings;
use super::set::{self, Set};
use super::source::Source;
use super::text::shown;
use super::yaml::{Node, Value};
use crate::model::failure::{Failure, Kind, Result};

/// The text with another `count` for a pool. Comments, order and spelling stay. Refused where the number is not written
/// at the pool itself, or where another part of the file would change with it.
pub fn set_count(text: &str, pool: &str, count: u32) -> Result<String> {
    let before = read(text)?;
    let (index, node) = find(&before, pool, count)?;
    let span = node.span;
    let written = text.get(span.start..span.end).is_some_and(|written| written.parse::<u32>().is_ok());
    if !written {
        return Err(by_hand(pool, count, "the present value is not a plain number"));
    }
    let edited = format!("{}{count}{}", &text[..span.start], &text[span.end..]);
    let mut findings = Findings::default();
    let wanted = set::apply(
        before,
        &[Set::new(format!("pools[{index}].count={count}"))],
        &mut vec![Source::new("", text)],
        &mut findings,
    );
    let after = read(&edited)?;
    match findings.is_empty() && same(&wanted, &after) {
        true => Ok(edited),
        false => Err(by_hand(pool, count, "something else in the file repeats this value, and would change too")),
    }
}

fn read(text: &str) -> Result<Node> {
    let mut findings = Findings::default();
    let source = Source::new("the cluster file", text);
    match tree(&source, &mut findings) {
        Some(root) if findings.is_empty() => Ok(root),
        _ => Err(findings.into_problems(vec![source]).into()),
    }
}

/// The pool's place in the list, and its `count`.
fn find<'n>(root: &'n Node, pool: &str, wanted: u32) -> Result<(usize, &'n Node)> {
    let pools = root.get("pools").filter(|pools| pools.via.is_none()).and_then(Node::items).unwrap_or_default();
    let named = |node: &&Node| matches!(node.get("name").map(|name| &*name.value), Some(Value::Scalar(name)) if name.text == pool);
    let Some(index) = pools.iter().position(|node| named(&node)) else {
        return Err(Failure::new(Kind::Usage, format!("the cluster file writes out no pool {}", shown(pool))));
    };
    let item = &pools[index];
    let count = item.get("count").ok_or_else(|| {
        Failure::refused(format!("pool `{pool}` has no `count`: its size lies between `min` and `max`"))
            .hint("only a fixed size is written in the file; without `--write` the size changes in the record")
    })?;
    if item.via.is_some() || count.via.is_some() {
        return Err(by_hand(pool, wanted, "the value comes from another place, through an alias or a merge"));
    }
    Ok((index, count))
}

fn by_hand(pool: &str, count: u32, why: &str) -> Failure {
    let hint = format!("write `count: {count}` at pool `{pool}` by hand");
    Failure::refused(format!("the `count` of pool `{pool}` cannot be changed in the file")).because(why).hint(hint)
}

/// Whether two trees hold the same, wherever it stands.
fn same(one: &Node, other: &Node) -> bool {
    match (&*one.value, &*other.value) {
        (Value::Scalar(one), Value::Scalar(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            let pair = |(one, other): (&super::yaml::Entry, &super::yaml::Entry)| {
                one.key == other.key && same(&one.node, &other.node)
            };
            one.len() == other.len() && one.iter().zip(other).all(pair)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# top\npools:\n  - name: a   # first\n    count: 3 # three\n  - {name: b, count: 5}\n  - { name: c, min: 1, max: 2 }\n";

    #[test]
    fn only_the_number_changes() {
        assert_eq!(set_count(FILE, "a", 12).unwrap(), FILE.replace("count: 3 #", "count: 12 #"));
        assert_eq!(set_count(FILE, "b", 0).unwrap(), FILE.replace("count: 5}", "count: 0}"));
        let windows = format!("\u{feff}{}", FILE.replace('\n', "\r\n"));
        assert_eq!(set_count(&windows, "a", 4).unwrap(), windows.replace("count: 3", "count: 4"));
    }

    #[test]
    fn values_from_elsewhere_are_left_to_a_person() {
        for text in [
            "pools:\n  - name: a\n    count: &n 3\n  - {name: b, count: *n}\n",
            "pools:\n  - &a {name: a, count: 3}\n  - {<<: *a, name: b}\n",
            "x: &n 3\npools: [{name: a, count: *n}]\n",
            "x: &p {count: 3}\npools: [{<<: *p, name: a}]\n",
            "x: &p [{name: a, count: 3}]\npools: *p\n",
            "pools: [{name: a, count: 0x3}]\n",
            "pools: [{name: a, count: '3'}]\n",
            "pools: [{name: a, count: [3]}]\n",
        ] {
            assert!(set_count(text, "a", 4).is_err(), "{text}");
        }
        assert!(set_count(FILE, "c", 4).unwrap_err().what.contains("no `count`"));
        assert!(set_count(FILE, "d", 4).is_err());
        assert!(set_count("pools: {", "d", 4).is_err());
    }
}

use super::*;
use crate::model::file::source::Source;

fn problems(text: &str) -> String {
    let mut findings = Findings::default();
    document(0, 0, text, &mut findings);
    findings.into_problems(vec![Source::new("f", text)]).to_string()
}

fn tree(text: &str) -> Node {
    let mut findings = Findings::default();
    let node = document(0, 0, text, &mut findings).unwrap();
    assert!(findings.is_empty());
    node
}

#[test]
fn values_know_their_places() {
    let text = "a: 1\nb:\n  - {c: \"x\"}\n";
    let root = tree(text);
    let item = &root.get("b").unwrap().items().unwrap()[0];
    assert_eq!(&text[item.span.start..item.span.end], "{c: \"x\"}");
    let value = item.get("c").unwrap();
    assert_eq!(&text[value.span.start..value.span.end], "\"x\"");
    assert_eq!((root.size, root.depth), (5, 4));
}

#[test]
fn slips_are_found_together() {
    let text = "a: 1\na: 2\n? [x]\n: 1\nb: !!str 1\n<<: 3\n";
    insta::assert_snapshot!(problems(text), @r#"
    f:2:1: `a` is given twice: here again
    f:3:3: a key is plain text: this is a list or a mapping
    f:5:10: the YAML tag `!!str` is not used here: the value has a tag
    f:6:5: `<<` takes a mapping, or a list of them: this is neither
    "#);
}

#[test]
fn merges_yield_to_what_is_written() {
    let root = tree("base: &b {x: 1, y: 2}\npool:\n  <<: *b\n  y: 3\n");
    let pool = root.get("pool").unwrap();
    let keys: Vec<&str> = pool.entries().unwrap().iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["y", "x"]);
    assert!(pool.get("x").unwrap().via.is_some());
    assert!(pool.get("y").unwrap().via.is_none());
}

#[test]
fn aliases_cannot_blow_up() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let refs = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
    }
    assert!(problems(&bomb).contains("unfold into too much"));

    let mut tower = String::from("a0: &a0 [x]\n");
    for level in 1..100 {
        tower.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(problems(&tower).contains("unfold into too much"));
    assert!(problems("a: &a [*a]\n").contains("leads into itself"));
}

#[test]
fn broken_yaml_is_told_in_plain_words() {
    let cases = [
        "a:\n\t- x\n",
        "a: b\n c: d\n",
        "a: {b: c\n",
        "a: 'x\n",
        "a: *b\n",
        "a: ]\n",
        "a: \u{1}\n",
        "a: @x\n",
        "a: 1\nb\n",
        "a: \"\\q\"\n",
        "- a\nb: 1\n",
        "---\na: 1\n---\nb: 1\n",
    ];
    let all: Vec<String> = cases.iter().map(|text| problems(text)).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    f:2:2: this is not valid YAML: there is a tab here
    f:2:3: this is not valid YAML: this colon cannot stand here
    f:1:4: this is not valid YAML: this `{` is never closed
    f:2:1: this is not valid YAML: a quote is never closed
    f:1:4: this is not valid YAML: no anchor of this name stands before it
    f:1:4: this is not valid YAML: nothing is open that this could close
    f:1:4: this is not valid YAML: the control character \u{1} is here
    f:1:4: this is not valid YAML: no value can begin with `@`
    f:2:1: this is not valid YAML: no `key: value` can be read here
    f:1:4: this is not valid YAML: YAML has no such escape
    f:2:1: this is not valid YAML: a list goes on here, without a `-`
    f:3:1: a cluster file is one document: a second one begins here
    "#);
    let deep = problems(&"[".repeat(100_000));
    assert!(deep.contains("nested too deep"), "{deep}");
}

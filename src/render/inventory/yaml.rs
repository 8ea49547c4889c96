//! YAML for Ansible: block style, every text quoted and tagged `!unsafe`, so that nothing is read as a template or as
//! another type.

use std::fmt::Write;

use serde_json::Value;

/// The document, with a line break at its end. Keys of mappings are quoted where they are no plain words.
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = String::from("---\n");
    block(&mut out, value, 0);
    out.into_bytes()
}

/// A value that begins on a line of its own.
fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                indent(out, depth);
                out.push_str(&key_text(key));
                out.push(':');
                after(out, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(out, depth);
                out.push('-');
                after(out, item, depth);
            }
        }
        scalar => {
            indent(out, depth);
            out.push_str(&scalar_text(scalar));
            out.push('\n');
        }
    }
}

/// What follows a key or a dash.
fn after(out: &mut String, value: &Value, depth: usize) {
    let nested = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        block(out, value, depth + 1);
    } else {
        out.push(' ');
        out.push_str(&scalar_text(value));
        out.push('\n');
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn key_text(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // A letter first, and none of YAML 1.1's words for true, false and null.
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let word = key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(plain);
    if word && !words.contains(&key.to_ascii_lowercase().as_str()) { key.to_owned() } else { quoted(key) }
}

fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => format!("!unsafe {}", quoted(text)),
        Value::Object(_) => "{}".into(),
        Value::Array(_) => "[]".into(),
        other => other.to_string(),
    }
}

/// Double-quoted, in ASCII: YAML folds line breaks that JSON has no word for, and refuses characters that JSON takes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c => {
                let code = u32::from(c);
                let _ = if code > 0xffff { write!(out, "\\U{code:08x}") } else { write!(out, "\\u{code:04x}") };
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_reads_like_a_hand_written_one() {
        let value = json!({ "all": { "hosts": { "demo-w-1": { "port": 22, "list": ["a", {"b": []}], "no": null, "e": {} } } } });
        let expected = "---\nall:\n  hosts:\n    demo-w-1:\n      port: 22\n      list:\n        - !unsafe \"a\"\n        -\n          b: []\n      \"no\": null\n      e: {}\n";
        assert_eq!(String::from_utf8(write(&value)).unwrap(), expected);
    }

    #[test]
    fn what_yaml_would_read_otherwise_is_escaped() {
        let text = String::from_utf8(write(&json!("{{ a }}\n\u{85}\u{2028}é\u{7f}😀\"\\"))).unwrap();
        assert_eq!(text, "---\n!unsafe \"{{ a }}\\u000a\\u0085\\u2028\\u00e9\\u007f\\U0001f600\\\"\\\\\"\n");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(key in any::<String>(), text in any::<String>()) {
            let written = String::from_utf8(write(&json!({ "a": { &key: [&text] } }))).unwrap();
            prop_assert!(written.is_ascii());
            let read: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Vec<String>>> =
                serde_saphyr::from_str(&written.replace("!unsafe ", "")).unwrap();
            let clean = text.replace("!unsafe ", "");
            prop_assert_eq!(&read["a"][&key.replace("!unsafe ", "")], &vec![clean]);
        }
    }
}

//! Hostile text in every free string: it is refused, or it is the very same text in the values.

use serde_json::Value as Json;

use super::examples::pointers_of;
use super::written::to_json;
use super::*;

const TEXTS: &[&str] = &[
    "${file(\"/etc/passwd\")}",
    "%{ for x in [1] }a%{ endfor }",
    "{{ lookup('pipe', 'id') }}",
    "$(id)",
    "`id`",
    "'; id; '",
    "\"quoted\" 'text'",
    "back\\slash\\n",
    "line\nbreak",
    "carriage\rreturn",
    "nul\u{0}",
    "escape\u{1b}[2J",
    "turned\u{202e}around",
    "tab\there",
    "../../etc/passwd",
    "-oProxyCommand=id",
    "--flag",
    "a;b&c|d>e<f",
    "# no comment",
    "*alias",
    "&anchor",
    "!!tag",
    "true",
    "1e3",
    "~",
    "été 😀",
    " blank ",
];

#[test]
fn hostile_text_is_refused_or_stays_what_it_is() {
    let mut kept = 0;
    for example in EXAMPLES {
        let json: Json = serde_saphyr::from_str(example).unwrap();
        let mut pointers = Vec::new();
        pointers_of(&json, String::new(), &mut pointers);
        for pointer in pointers.iter().filter(|pointer| json.pointer(pointer).is_some_and(Json::is_string)) {
            for text in TEXTS {
                let mut changed = json.clone();
                *changed.pointer_mut(pointer).unwrap() = Json::from(*text);
                let Ok(file) = parse("f", &serde_json::to_string(&changed).unwrap(), &[]) else { continue };
                assert_eq!(to_json(&file).pointer(pointer), Some(&Json::from(*text)), "{pointer}");
                assert!(!text.contains(char::is_control) && text.trim() == *text, "{pointer}: {text:?}");
                kept += 1;
            }
        }
    }
    // Paths, tags in the sandbox, a context's name: some text is free.
    assert!(kept > 20, "{kept}");
}

#[test]
fn hostile_text_as_a_key_is_refused_or_stays_what_it_is() {
    let json: Json = serde_saphyr::from_str(SANDBOX).unwrap();
    for pointer in ["", "/tags", "/pools/0", "/pools/0/labels", "/network", "/store"] {
        for text in TEXTS {
            let mut changed = json.clone();
            changed.pointer_mut(pointer).unwrap()[*text] = Json::from("x");
            if let Ok(file) = parse("f", &serde_json::to_string(&changed).unwrap(), &[]) {
                let written = to_json(&file);
                assert_eq!(written.pointer(pointer).unwrap()[*text], Json::from("x"), "{pointer}: {text}");
                assert!(!text.contains(char::is_control), "{pointer}: {text:?}");
            }
        }
    }
}

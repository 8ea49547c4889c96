//! Thousands of broken files: never a panic, always a located problem or a valid file that can be written out again.

use proptest::prelude::*;
use proptest::test_runner::TestRng;

use super::written::to_yaml;
use super::*;
use crate::model::file::Located;

/// Texts that have broken readers of YAML before, or would break what is made of the file.
const HOSTILE: &[&str] = &[
    "",
    "~",
    "null",
    "true",
    "no",
    "0",
    "-1",
    "1e999",
    "0x",
    ".nan",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "- ",
    "- - - ",
    "? ",
    ": ",
    "&a ",
    "*a",
    "<<: ",
    "<<: *web",
    "!!str ",
    "!!binary ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\r",
    "\u{0}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "é",
    "😀",
    "${file(\"/etc/passwd\")}",
    "%{ for }",
    "{{ lookup('x') }}",
    "$(id)",
    "../../etc",
    "0.0.0.0/0",
    "255.255.255.255/33",
    "99999999999999999999999999999999999999999",
    "scaler:x",
    "aws:x",
    "zz: 1",
    "pools",
    "count: 3",
    "name: demo",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "a: &a [*a]",
    "🦀: {a: b}",
];

/// One change: at a byte, at a line, or in the structure.
pub(crate) fn mutate(text: &mut Vec<u8>, rng: &mut TestRng) {
    let mut below = |bound: usize| (rng.next_u64() % bound.max(1) as u64) as usize;
    let (at, kind) = (below(text.len()), below(9));
    let hostile = HOSTILE[below(HOSTILE.len())].as_bytes();
    let line_start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
    let line_end = text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |found| at + found + 1);
    match kind {
        0 if at < text.len() => text[at] = below(256) as u8,
        1 if at < text.len() => drop(text.remove(at)),
        2 => drop(text.splice(at..at, hostile.iter().copied())),
        3 => drop(text.drain(line_start..line_end)),
        4 => {
            let line = text[line_start..line_end].to_vec();
            let to = below(text.len());
            drop(text.splice(to..to, line));
        }
        5 => drop(text.splice(line_start..line_start, std::iter::repeat_n(b' ', 1 + below(4)))),
        6 => {
            // The value of a line.
            let colon = text[line_start..line_end].iter().position(|byte| *byte == b':');
            if let Some(colon) = colon {
                let end = line_end.saturating_sub(1).max(line_start + colon + 1);
                let value = [b" ", hostile].concat();
                drop(text.splice(line_start + colon + 1..end, value));
            }
        }
        7 => text.truncate(at),
        _ => {
            let end = (at + below(40)).min(text.len());
            let part = text[at..end].to_vec();
            drop(text.splice(end..end, part));
        }
    }
}

fn check(bytes: Vec<u8>) {
    let result = crate::model::file::decode("f", bytes.clone()).and_then(|text| parse("f", &text, &[]));
    match result {
        Ok(file) => {
            let again = parse("again", &to_yaml(&file), &[]);
            assert_eq!(again.as_ref(), Ok(&file), "{}", String::from_utf8_lossy(&bytes));
        }
        Err(problems) => {
            let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            assert!(problems.count() > 0);
            for Located { position, problem, reason, .. } in problems.located() {
                assert!((1..=lines).contains(&position.line) && position.column >= 1);
                assert!(!problem.is_empty() && !reason.is_empty());
            }
            let report = problems.report(false);
            assert!(report.contains("--> f:"), "{report}");
            assert!(!report.contains(|c: char| c.is_control() && c != '\n'), "{report:?}");
        }
    }
}

#[test]
fn ten_thousand_broken_files() {
    let mut rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    for round in 0..10_000 {
        let mut bytes = EXAMPLES[round % EXAMPLES.len()].as_bytes().to_vec();
        for _ in 0..1 + rng.next_u64() % 3 {
            mutate(&mut bytes, &mut rng);
        }
        check(bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_at_all(text in "\\PC*") {
        check(text.into_bytes());
    }

    #[test]
    fn any_bytes_at_all(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(bytes);
    }

    #[test]
    fn any_option(set in "[a-z\\[\\]\".=:{}0-9 -]{0,30}") {
        let _ = with(&[&set]).map_err(|problems| problems.report(false));
    }

    /// What the reader takes, the schema takes too: an editor must not complain about a good file.
    #[test]
    fn schema_takes_what_the_reader_takes(seed in any::<[u8; 32]>()) {
        static VALIDATOR: std::sync::OnceLock<jsonschema::Validator> = std::sync::OnceLock::new();
        let validator = VALIDATOR.get_or_init(|| jsonschema::draft202012::new(&crate::model::file::schema()).unwrap());
        let mut rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        let mut bytes = EXAMPLES[(seed[0] % 3) as usize].as_bytes().to_vec();
        mutate(&mut bytes, &mut rng);
        if let Ok(file) = crate::model::file::decode("f", bytes).and_then(|text| parse("f", &text, &[])) {
            let json: serde_json::Value = serde_saphyr::from_str(&to_yaml(&file)).unwrap();
            prop_assert!(validator.is_valid(&json), "{}", to_yaml(&file));
        }
    }
}

/// Another reader of YAML sees the same values in whatever this one takes.
#[test]
fn another_reader_agrees() {
    use crate::model::file::problem::Findings;
    use crate::model::file::read::json_of;
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
    };
    let mut rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut agreed = 0;
    for round in 0..3_000 {
        let mut bytes = EXAMPLES[round % EXAMPLES.len()].as_bytes().to_vec();
        mutate(&mut bytes, &mut rng);
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let mut findings = Findings::default();
        let Some(tree) = crate::model::file::yaml::document(0, 0, &text, &mut findings) else { continue };
        let Some(ours) = json_of(&tree).filter(|_| findings.is_empty()) else { continue };
        let theirs: serde_json::Value = serde_saphyr::from_str_with_options(&text, options.clone()).unwrap();
        assert_eq!(ours, theirs, "{text}");
        agreed += 1;
    }
    assert!(agreed > 500, "{agreed}");
}

//! Keys as paths below a folder, and back.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a file's name may hold as it is. Everything else is written as `%XX`, the percent sign too.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// How an empty part of a key is written. No part with text in it comes out like this.
const EMPTY: &str = "%";

/// The path of a key, relative to the store's folder. Never leaves it, and never meets a name that begins with a dot:
/// those are free for the store's own use.
pub fn path_of(key: &str) -> PathBuf {
    key.split('/').map(encode).collect()
}

/// One part of a key as a file's name.
fn encode(part: &str) -> String {
    if part.is_empty() {
        return EMPTY.to_owned();
    }
    match part.strip_prefix('.') {
        Some(rest) => format!("%2E{}", utf8_percent_encode(rest, PLAIN)),
        None => utf8_percent_encode(part, PLAIN).to_string(),
    }
}

/// The part of a key that a file's name stands for; None where the name is not one that [`path_of`] makes.
pub fn decode(name: &str) -> Option<String> {
    let part = if name == EMPTY { String::new() } else { percent_decode_str(name).decode_utf8().ok()?.into_owned() };
    (encode(&part) == name).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Component;

    #[test]
    fn ordinary_keys_are_readable_paths() {
        assert_eq!(path_of("journal/20260102t030405z-ff/000001"), PathBuf::from("journal/20260102t030405z-ff/000001"));
        assert_eq!(path_of("terraform/pool-workers.tfstate"), PathBuf::from("terraform/pool-workers.tfstate"));
    }

    #[test]
    fn odd_parts_are_written_out() {
        for (key, path) in [
            ("../up", "%2E./up"),
            (".", "%2E"),
            (".scaler/guard", "%2Escaler/guard"),
            ("a//b", "a/%/b"),
            ("/root", "%/root"),
            ("100%", "100%25"),
            ("a b\n", "a%20b%0A"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(path_of(key), PathBuf::from(path), "{key:?}");
        }
    }

    #[test]
    fn foreign_names_are_no_keys() {
        for name in [".hidden", "..", "a b", "%zz", "%61", "%FF", "%%"] {
            assert_eq!(decode(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back_and_stays_inside(key in any::<String>()) {
            let path = path_of(&key);
            prop_assert!(path.components().all(|part| matches!(part, Component::Normal(_))));
            let back: Option<Vec<String>> = path.iter().map(|name| decode(name.to_str().unwrap())).collect();
            prop_assert_eq!(back.map(|parts| parts.join("/")), Some(key));
        }
    }
}

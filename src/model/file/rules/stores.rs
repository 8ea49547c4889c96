//! Names in object stores.

use std::net::Ipv4Addr;

use crate::model::file::read::{Wrong, wrong};
use crate::model::file::text::shown;

/// An S3 bucket's name ("General purpose bucket naming rules", Amazon S3 User Guide).
pub fn bucket(text: &str) -> Result<String, Wrong> {
    let bad = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')));
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| text.starts_with(prefix))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| text.ends_with(suffix));
    if let Some(bad) = bad {
        let label = format!("{} cannot stand in it", shown(&bad.to_string()));
        let help = "write the bucket's name alone, in lower-case letters, digits, hyphens and dots: `acme-clusters`";
        return Err(wrong(label, help));
    }
    if !(3..=63).contains(&text.len()) {
        return Err(wrong(format!("this has {} characters", text.len()), "a bucket's name has 3 to 63"));
    }
    if !end(text.chars().next()) || !end(text.chars().next_back()) || text.contains("..") {
        return Err(wrong("a dot or hyphen stands where none may", "begin and end with a letter or digit"));
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err(wrong("this is an address", "write the bucket's name: `acme-clusters`"));
    }
    match reserved {
        true => Err(wrong("AWS keeps such names for itself", "choose another name")),
        false => Ok(text.to_owned()),
    }
}

/// Where in the bucket everything of the cluster lies: parts joined by slashes, in characters that need no escape
/// ("Creating object key names", Amazon S3 User Guide).
pub fn prefix(text: &str) -> Result<String, Wrong> {
    let plain = text.trim_matches('/');
    if text.is_empty() || plain.is_empty() {
        return Err(wrong("this is empty", "write a folder's name, or take the field out for the cluster's name"));
    }
    if plain != text {
        return Err(wrong("a slash stands at one end of it", format!("write `{plain}`")));
    }
    if text.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(wrong("a part of it is empty, `.` or `..`", "write plain folder names: `clusters/demo`"));
    }
    if let Some(bad) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "!-_.*'()/".contains(*c))) {
        let label = format!("{} cannot stand in it", shown(&bad.to_string()));
        return Err(wrong(label, "use letters, digits and `-_.`, with slashes between"));
    }
    match text.len() {
        0..=200 => Ok(text.to_owned()),
        length => Err(wrong(format!("this has {length} characters"), "use at most 200")),
    }
}

/// An Azure storage account ("Storage account name", Azure's naming rules).
pub fn account(text: &str) -> Result<String, Wrong> {
    let good = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    match good && (3..=24).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err(wrong(
            "this cannot be a storage account",
            "write its name alone, 3 to 24 lower-case letters and digits: `acmeclusters`",
        )),
    }
}

/// A container of Azure Blob Storage ("Container names").
pub fn container(text: &str) -> Result<String, Wrong> {
    let good = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let hyphens = text.starts_with('-') || text.ends_with('-') || text.contains("--");
    match good && !hyphens && (3..=63).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err(wrong(
            "this cannot be a container",
            "use 3 to 63 lower-case letters, digits and single hyphens: `clusters`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets() {
        for good in ["acme-clusters", "a.b.c", "123"] {
            assert!(bucket(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "Acme",
            "a_b_c",
            "-abc",
            "abc.",
            "a..b",
            "10.0.0.1",
            "s3://acme",
            "xn--abc",
            "abc--x-s3",
            &"a".repeat(64),
        ] {
            assert!(bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn prefixes_stay_inside_the_bucket() {
        for good in ["demo", "clusters/demo", "a.b_c-1"] {
            assert!(prefix(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/demo",
            "demo/",
            "a//b",
            "../b",
            "a/../b",
            "./a",
            "a b",
            "a?b",
            "a%2e",
            "${x}",
            "a\nb",
            &"a".repeat(201),
        ] {
            assert!(prefix(bad).is_err(), "{bad}");
        }
        assert_eq!(prefix("/demo/").unwrap_err().help, "write `demo`");
    }

    #[test]
    fn azure_names() {
        assert!(account("acme1").is_ok() && container("clu-sters").is_ok());
        for bad in ["", "ab", "Acme", "a-b-c", "https://x"] {
            assert!(account(bad).is_err(), "{bad}");
        }
        for bad in ["", "ab", "A-b", "a--b", "-ab", "ab-"] {
            assert!(container(bad).is_err(), "{bad}");
        }
    }
}

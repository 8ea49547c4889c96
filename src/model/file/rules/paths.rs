//! Paths, and programs by path.

use crate::model::file::read::{Wrong, wrong};
use crate::model::file::text::is_invisible;

/// Linux takes no longer path (PATH_MAX, with its closing zero).
const LONGEST: usize = 4095;

/// A path of the machine that `scaler` runs on: absolute, relative to the cluster file, or below the home folder with
/// `~/`. Nothing else in it has a meaning: no variables, no patterns, no URL.
pub fn path(text: &str) -> Result<String, Wrong> {
    if text.is_empty() {
        return Err(wrong("this is empty", "write a path, or take the field out"));
    }
    if let Some(character) = text.chars().find(|character| is_invisible(*character)) {
        return Err(wrong(format!("the invisible character {} is in it", character.escape_unicode()), "take it out"));
    }
    if text.trim() != text {
        return Err(wrong("it begins or ends with a blank", format!("write `{}`", text.trim())));
    }
    if text.len() > LONGEST {
        return Err(wrong(format!("this has {} bytes", text.len()), format!("no path can have more than {LONGEST}")));
    }
    if text.contains("://") {
        return Err(wrong("this is a URL", "write the path of a file on this machine"));
    }
    if text.starts_with('-') {
        return Err(wrong("programs would take this for an option", format!("write `./{text}`")));
    }
    if text == "~" || (text.starts_with('~') && !text.starts_with("~/")) {
        return Err(wrong("other users' home folders are not looked up", "write the folder out, or begin with `~/`"));
    }
    if text.starts_with("$HOME") || text.starts_with("${HOME}") {
        let rest = text.trim_start_matches("${HOME}").trim_start_matches("$HOME");
        return Err(wrong("variables are not replaced in this file", format!("write `~{rest}`")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for good in ["./flannel.yml", "/etc/x", "~/.ssh/demo", "../keys/a b.pub", "a$b", "été", "{{ x }}"] {
            assert_eq!(path(good).as_deref(), Ok(good), "{good}");
        }
        for bad in ["", "a\nb", "a\0", " a", "-rf", "~root/x", "~", "file:///x", "$HOME/x", &"x".repeat(5000)] {
            assert!(path(bad).is_err(), "{bad}");
        }
        assert_eq!(path("$HOME/.ssh/demo").unwrap_err().help, "write `~/.ssh/demo`");
    }
}

//! Which texts are good: pure functions from a text to its value, or to why it is refused and what to write instead.

pub mod durations;
pub mod kubelet;
pub mod labels;
pub mod names;
pub mod networks;
pub mod paths;
pub mod ssh;
pub mod stores;
pub mod versions;

use super::read::{Wrong, wrong};
use super::text::is_invisible;

/// Text that may say anything but must stay on one line and can be seen: it ends up in names and on screens.
pub fn one_line(text: &str, most: usize) -> Result<String, Wrong> {
    if text.is_empty() {
        return Err(wrong("this is empty", "write something, or take the field out"));
    }
    if let Some(character) = text.chars().find(|character| is_invisible(*character)) {
        let label = format!("the invisible character {} is in it", character.escape_unicode());
        return Err(wrong(label, "take it out"));
    }
    if text.trim() != text {
        return Err(wrong("it begins or ends with a blank", format!("write `{}`", text.trim())));
    }
    match text.chars().count() {
        count if count > most => Err(wrong(format!("this has {count} characters"), format!("use at most {most}"))),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(one_line("${file(\"/etc/passwd\")}", 60), Ok("${file(\"/etc/passwd\")}".into()));
        for bad in ["", " a", "a\n", "a\nb", "a\u{1b}[0m", "a\u{202e}b", "a\u{0}", &"x".repeat(61)] {
            assert!(one_line(bad, 60).is_err(), "{bad:?}");
        }
    }
}

//! Text in lines of a given width.

use super::clean::clean;

/// `text` in words, `first` before its first line and `rest` before the others; ends with a line end. A word that is too
/// long for a line stays whole, so that an id or a command can be copied. Lines of `text` stay lines; its control
/// characters are shown escaped.
pub fn wrapped(first: &str, rest: &str, text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut margin = first;
    for line in clean(text).lines() {
        let mut current = margin.to_owned();
        let mut empty = true;
        for word in line.split_whitespace() {
            if !empty && columns(&current) + 1 + columns(word) > width {
                out.push_str(&current);
                out.push('\n');
                current = rest.to_owned();
                empty = true;
            }
            if !empty {
                current.push(' ');
            }
            current.push_str(word);
            empty = false;
        }
        out.push_str(current.trim_end());
        out.push('\n');
        margin = rest;
    }
    if out.is_empty() {
        out.push_str(first.trim_end());
        out.push('\n');
    }
    out
}

/// How many columns a text takes, near enough: names and sentences of ours have no wide characters.
fn columns(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hangs_below_the_first_line() {
        let text = "pod default/web-1 waits: PodDisruptionBudget default/web allows none now";
        insta::assert_snapshot!(wrapped("  - ", "    ", text, 40), @r"
          - pod default/web-1 waits:
            PodDisruptionBudget default/web
            allows none now
        ");
        assert_eq!(wrapped("- ", "  ", "", 40), "-\n");
        assert_eq!(wrapped("- ", "  ", "a\nb", 40), "- a\n  b\n");
    }

    proptest! {
        #[test]
        fn keeps_every_word_and_the_width(words in prop::collection::vec("[a-z]{1,12}", 1..30), width in 20..100_usize) {
            let text = wrapped("* ", "  ", &words.join(" "), width);
            prop_assert!(text.lines().all(|line| line.chars().count() <= width));
            let found: Vec<&str> = text.trim_start_matches("* ").split_whitespace().collect();
            prop_assert_eq!(found, words.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

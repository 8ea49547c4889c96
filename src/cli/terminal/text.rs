//! Text in lines of a given width.

/// `text` in lines that fit `width`; the first begins with `first`, the others with `rest`. A word that is longer than
/// a line stays whole: it may be a command or a path to copy. Control characters but line breaks are left out.
pub fn wrapped(first: &str, rest: &str, text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for (index, paragraph) in text.lines().enumerate() {
        if index > 0 {
            lines.push_str(line.trim_end());
            lines.push('\n');
            rest.clone_into(&mut line);
            empty = true;
        }
        for word in paragraph.split_whitespace() {
            let word: String = word.chars().filter(|character| !character.is_control()).collect();
            if !empty && line.chars().count() + 1 + word.chars().count() > width {
                lines.push_str(line.trim_end());
                lines.push('\n');
                rest.clone_into(&mut line);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(&word);
            empty = false;
        }
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_words_stay_whole() {
        assert_eq!(wrapped("- ", "  ", "one two three", 9), "- one two\n  three\n");
        assert_eq!(wrapped("- ", "  ", "a-very-long-word x", 6), "- a-very-long-word\n  x\n");
        assert_eq!(wrapped("", "  ", "a\nb\u{1b}[1m", 80), "a\n  b[1m\n");
    }
}

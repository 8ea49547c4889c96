//! Text of the cluster file as messages show it.

/// How many characters of a value a message repeats.
const LONGEST: usize = 60;

/// In backticks, on one line and not too long. Control and formatting characters, which could rewrite a terminal or turn
/// the reading direction, are shown as escapes.
pub fn shown(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", visible(cut))
}

/// The text with its invisible characters as escapes.
pub fn visible(text: String) -> String {
    if !text.contains(is_invisible) {
        return text;
    }
    let mut visible = String::new();
    for character in text.chars() {
        match is_invisible(character) {
            true => visible.extend(character.escape_unicode()),
            false => visible.push(character),
        }
    }
    visible
}

/// Control characters, line and paragraph separators, and the marks that change the direction of text or that are not
/// seen at all.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_shown_harmlessly() {
        assert_eq!(shown("plain ${x}"), "`plain ${x}`");
        assert_eq!(shown("a\u{1b}[2Jb\n"), "`a\\u{1b}[2Jb\\u{a}`");
        assert_eq!(shown("\u{202e}x"), "`\\u{202e}x`");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), LONGEST + 3);
    }
}

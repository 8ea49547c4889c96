//! Text that came from elsewhere, made harmless for a terminal.

use std::borrow::Cow;

/// Control characters are shown escaped, so that no name of a pod and no answer of a tool moves the cursor or hides
/// what was said; line ends and tabs stay.
pub fn clean(text: &str) -> Cow<'_, str> {
    let harmful = |character: char| character.is_control() && character != '\n' && character != '\t';
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|character| {
        if harmful(character) { character.escape_default().to_string() } else { character.to_string() }
    });
    Cow::Owned(escaped.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_command() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\td\u{9b}"), "a\\u{1b}[2Jb\\r\nc\td\\u{9b}");
        assert!(matches!(clean("plain – text\n"), Cow::Borrowed(_)));
    }
}

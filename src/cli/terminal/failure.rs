//! Errors: what happened, why, and what to do next.

use super::wrapped;
use crate::model::failure::Failure;

const WIDTH: usize = 100;

pub fn failure(failure: &Failure, colors: bool) -> String {
    let paint = |code: &str, word: &str| if colors { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() };
    // Words are wrapped before they are painted: a colour has no width.
    let part = |word: &str, code: &str, text: &str| {
        let lines = wrapped(&format!("{word}: "), "  ", text, WIDTH);
        lines.replacen(word, &paint(code, word), 1)
    };
    let mut text = part("error", "1;31", &failure.what);
    for cause in &failure.causes {
        text.push_str(&part("caused by", "1;33", cause));
    }
    for hint in &failure.hints {
        text.push_str(&part("hint", "1;36", hint));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_parts_in_order() {
        let error = Failure::refused("node `a` is not Ready").because("its pods may run").hint("repair it");
        insta::assert_snapshot!(failure(&error, false), @r"
        error: node `a` is not Ready
        caused by: its pods may run
        hint: repair it
        ");
        assert!(failure(&error, true).starts_with("\u{1b}[1;31merror\u{1b}[0m: node"));
    }
}

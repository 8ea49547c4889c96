//! A failure as a person reads it.

use super::clean::clean;
use crate::model::failure::{Failure, Kind};

const ERROR: &str = "\u{1b}[1;31m";
const HINT: &str = "\u{1b}[1;36m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// What happened, why (the outermost cause first), and what to do next; ends with a line end. Nothing is wrapped: a
/// hint may hold a command to be copied. Problems of a cluster file come drawn already, with the lines they are about.
pub fn failure(failure: &Failure, colors: bool) -> String {
    let painted = |color: &str, text: &str| if colors { format!("{color}{text}{RESET}") } else { text.to_owned() };
    let mut text = format!("{} {}\n", painted(ERROR, "error:"), indented(&failure.what, "  "));
    for cause in &failure.causes {
        // Ours, not from elsewhere: its colours are meant.
        if failure.kind == Kind::InvalidFile && cause.contains('\n') {
            text.push('\n');
            text.push_str(cause.trim_end());
            text.push_str("\n\n");
        } else {
            text.push_str(&format!("  {} {}\n", painted(BOLD, "caused by:"), indented(cause, "    ")));
        }
    }
    for hint in &failure.hints {
        text.push_str(&format!("  {} {}\n", painted(HINT, "hint:"), indented(hint, "    ")));
    }
    text
}

/// Every line but the first begins with `margin`.
fn indented(text: &str, margin: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    clean(&lines.join(&format!("\n{margin}"))).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_why_and_what_to_do() {
        let refused = Failure::refused("pool workers was not made smaller")
            .because("pod default/web-1 may not leave: PodDisruptionBudget default/web allows none")
            .because("terraform said:\nError: no\n  and more\n")
            .hint("lower minAvailable of default/web to 1")
            .hint("kubectl get pdb -A");
        insta::assert_snapshot!(failure(&refused, false), @r"
        error: pool workers was not made smaller
          caused by: pod default/web-1 may not leave: PodDisruptionBudget default/web allows none
          caused by: terraform said:
            Error: no
              and more
          hint: lower minAvailable of default/web to 1
          hint: kubectl get pdb -A
        ");
    }

    #[test]
    fn problems_of_a_file_keep_their_drawing() {
        let mut invalid = Failure::new(Kind::InvalidFile, "cluster.yml has 1 problem").hint("scaler schema");
        invalid.causes.push("error: unknown field\n --> cluster.yml:3:1\n  |\n3 | poools:\n  | ^^^^^^\n".into());
        insta::assert_snapshot!(failure(&invalid, false), @r"
        error: cluster.yml has 1 problem

        error: unknown field
         --> cluster.yml:3:1
          |
        3 | poools:
          | ^^^^^^

          hint: scaler schema
        ");
    }

    #[test]
    fn colours_only_when_asked_for_and_none_from_elsewhere() {
        let failure_of_tool = Failure::failed("it failed").because("\u{1b}[31mred").hint("try");
        assert!(failure(&failure_of_tool, false).contains("caused by: \\u{1b}[31mred"));
        let painted = failure(&failure_of_tool, true);
        assert!(painted.starts_with("\u{1b}[1;31merror:\u{1b}[0m it failed\n"), "{painted}");
        assert!(painted.contains("\u{1b}[1;36mhint:\u{1b}[0m try"));
    }
}

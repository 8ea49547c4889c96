//! Progress on a terminal: what goes on stands below, turning and counting its time; what is done scrolls up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::saying::{Saying, saying};
use crate::ops::ports::{Event, Progress};

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// A step is said to have taken time from here on.
const WORTH_TELLING: Duration = Duration::from_secs(2);

pub struct Live {
    screen: MultiProgress,
    colors: bool,
    /// The steps that go on, in the order in which they began.
    steps: Mutex<Vec<Step>>,
}

struct Step {
    name: String,
    title: String,
    bar: ProgressBar,
}

impl Live {
    pub fn new(target: ProgressDrawTarget, colors: bool) -> Live {
        Live { screen: MultiProgress::with_draw_target(target), colors, steps: Mutex::new(Vec::new()) }
    }

    /// Takes everything that goes on off the screen: the last word is somebody else's. What still works somewhere, and
    /// tells of it later, tells nobody.
    pub fn end(&self) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.drain(..).for_each(|step| step.bar.finish_and_clear());
        self.screen.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// A line that stays, above what goes on. Nobody may be left to read it; the work goes on all the same.
    fn line(&self, text: &str) {
        let _ = self.screen.println(text);
    }

    /// A mark or word, in a colour (its SGR code) if there are to be any.
    fn painted(&self, code: &str, text: &str) -> String {
        if self.colors { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn begin(&self, steps: &mut Vec<Step>, name: String, title: String) {
        self.take(steps, &name);
        let look =
            if self.colors { "{spinner:.cyan} {wide_msg} {elapsed:.dim}" } else { "{spinner} {wide_msg} {elapsed}" };
        let look = ProgressStyle::with_template(look).expect("the template is constant and valid");
        let bar = self.screen.add(ProgressBar::new_spinner().with_style(look).with_message(title.clone()));
        bar.enable_steady_tick(TICK);
        steps.push(Step { name, title, bar });
    }

    /// Takes a step off the screen, and says how long it took.
    fn take(&self, steps: &mut Vec<Step>, name: &str) -> Option<Duration> {
        let step = steps.remove(steps.iter().position(|step| step.name == name)?);
        let took = step.bar.elapsed();
        step.bar.finish_and_clear();
        self.screen.remove(&step.bar);
        Some(took)
    }

    fn ended(&self, steps: &mut Vec<Step>, name: &str, well: bool, text: &str) {
        let took = self.take(steps, name).filter(|took| *took >= WORTH_TELLING);
        let mark = if well { self.painted("32", "✓") } else { self.painted("31", "✗") };
        let took = took.map(|took| self.painted("2", &format!(" ({})", told(took)))).unwrap_or_default();
        self.line(&format!("{mark} {text}{took}"));
    }
}

impl Progress for Live {
    fn tell(&self, event: Event) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        match saying(&event) {
            Saying::Begin { step, title } => self.begin(&mut steps, step, title),
            Saying::End { step, well, text } => self.ended(&mut steps, &step, well, &text),
            Saying::Line(text) => self.line(&format!("  {text}")),
            Saying::Warning(text) => self.line(&format!("{} {text}", self.painted("33", "warning:"))),
            Saying::News { step, text, .. } => {
                let of = |known: &&Step| step.as_ref().is_none_or(|step| known.name == *step);
                if let Some(step) = steps.iter().rev().find(of) {
                    // A line of the screen has no line ends.
                    step.bar.set_message(format!("{}: {}", step.title, text.replace('\n', " ")));
                }
            }
        }
    }
}

/// A time as people say it: `42s`, `3m 05s`, `1h 02m`.
fn told(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::progress::sample;
    use super::*;

    /// A terminal that remembers the lines that were written, also those that were cleared later.
    #[derive(Debug, Clone, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl indicatif::TermLike for Screen {
        fn width(&self) -> u16 {
            100
        }

        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push_str(&format!("{text}\n"));
            Ok(())
        }

        fn write_str(&self, text: &str) -> std::io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }

        fn clear_line(&self) -> std::io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn shown(colors: bool) -> String {
        let screen = Screen::default();
        let live = Live::new(ProgressDrawTarget::term_like(Box::new(screen.clone())), colors);
        sample().into_iter().for_each(|event| live.tell(event));
        assert!(live.steps.lock().unwrap().is_empty(), "a step that ended is still there");
        live.tell(Event::StepStarted { step: "broken off".into(), title: "broken off".into() });
        live.end();
        live.tell(Event::Warning { text: "too late".into() });
        drop(live);
        Arc::into_inner(screen.0).expect("the renderer is gone").into_inner().unwrap()
    }

    #[test]
    fn what_is_done_stays_in_order() {
        let text = shown(false);
        let wanted = [
            "  operation 20260102t030405z-0000000000000007: scaler scale-down --pool workers --by 1",
            "  demo-workers-2: cordoned",
            "  demo-workers-2: drained",
            "✓ 1 node is drained",
            "warning: pool-workers: a deprecated argument\\u{1b}[0m",
            "✗ asking Terraform to remove 1 machine: it was interrupted",
        ];
        let mut from = 0;
        for line in wanted {
            let at = text[from..].find(line).unwrap_or_else(|| panic!("{line} is missing in\n{text}"));
            from += at + line.len();
        }
        assert!(!text.contains('\u{1b}') && !text.contains("too late"), "{text}");
        assert!(shown(true).contains("\u{1b}[32m✓\u{1b}[0m 1 node is drained"));
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        let cases = [(5, "5s"), (59, "59s"), (60, "1m 00s"), (185, "3m 05s"), (3600, "1h 00m"), (3725, "1h 02m")];
        for (seconds, expected) in cases {
            assert_eq!(told(Duration::from_secs(seconds)), expected);
        }
    }
}

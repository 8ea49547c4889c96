//! Questions to a person.

use std::io::{BufRead, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::model::failure::{Failure, Kind, Result};
use crate::ops::interrupts::Interrupts;

/// How often it is looked whether a signal came while nobody answers: a tenth of a second.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Asks, and says whether the answer was exactly `wanted`. The end of the input is no answer. A signal ends the wait:
/// it is counted, not deadly, so reading alone would go on. That there is a terminal is for the caller to know.
pub fn ask(question: &str, wanted: &str, interrupts: &Interrupts) -> Result<bool> {
    let stdin = std::io::stdin();
    let answer_or_signal = || -> Result<()> {
        let before = interrupts.count();
        while interrupts.count() == before {
            let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut watched, Some(&PATIENCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(unreadable(&std::io::Error::from(error))),
            }
        }
        Err(Failure::new(Kind::Interrupted, "interrupted at the question; nothing was changed"))
    };
    put(&mut std::io::stderr(), question)?;
    answer_or_signal().inspect_err(|_| drop(put(&mut std::io::stderr(), "\n")))?;
    is_wanted(&mut stdin.lock(), wanted)
}

fn put(out: &mut impl Write, text: &str) -> Result<()> {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::failed("the question cannot be shown on standard error").because(error))
}

fn is_wanted(input: &mut impl BufRead, wanted: &str) -> Result<bool> {
    let mut answer = String::new();
    input.read_line(&mut answer).map_err(|error| unreadable(&error))?;
    Ok(answer.trim() == wanted)
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::failed("the answer cannot be read from standard input").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_answer_goes_on() {
        let cases = [
            ("yes\n", true),
            ("  yes \r\n", true),
            ("yes", true),
            ("Yes\n", false),
            ("y\n", false),
            ("yes please\n", false),
            ("\n", false),
            ("", false),
            ("no\nyes\n", false),
        ];
        for (input, expected) in cases {
            assert_eq!(is_wanted(&mut input.as_bytes(), "yes"), Ok(expected), "{input:?}");
        }
        assert!(is_wanted(&mut [0xff, b'\n'].as_slice(), "yes").is_err());
    }
}

//! Questions to a person.

use std::io::{BufRead, Write};
use std::os::fd::AsFd;

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
        while interrupts.count() == 0 {
            let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut watched, Some(&PATIENCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(unreadable(&std::io::Error::from(error))),
            }
        }
        Err(Failure::new(Kind::Interrupted, "interrupted at the question; nothing was changed"))
    };
    forget_typed_ahead(&stdin);
    put(&mut std::io::stderr(), question)?;
    answer_or_signal().inspect_err(|_| drop(put(&mut std::io::stderr(), "\n")))?;
    is_wanted(&mut stdin.lock(), wanted)
}

/// What was typed before the question was there is no answer to it.
fn forget_typed_ahead(input: &impl AsFd) {
    const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut lost = [0_u8; 256];
    while poll(&mut [PollFd::new(input, PollFlags::IN)], Some(&NOW)) == Ok(1) {
        // The end of the input, or an error: the reading of the answer will tell.
        if !matches!(rustix::io::read(input, &mut lost), Ok(1..)) {
            return;
        }
    }
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
    fn what_was_typed_ahead_is_no_answer() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        rustix::io::write(&write, b"yes\n").unwrap();
        forget_typed_ahead(&read);
        rustix::io::write(&write, b"no\n").unwrap();
        let mut answer = [0; 8];
        assert_eq!(rustix::io::read(&read, &mut answer), Ok(3));
        drop(write);
        forget_typed_ahead(&read);
    }

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

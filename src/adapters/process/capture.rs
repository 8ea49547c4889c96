//! What is kept of a tool's output: bounded, however much it writes.

use std::collections::VecDeque;

/// Which of the two a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// The beginning of a stream, for output that is read as a whole.
#[derive(Debug)]
pub struct Head {
    bytes: Vec<u8>,
    limit: usize,
    dropped: u64,
}

impl Head {
    pub fn new(limit: usize) -> Head {
        Head { bytes: Vec::new(), limit, dropped: 0 }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let room = (self.limit - self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.dropped += (bytes.len() - room) as u64;
    }

    /// What was kept, and how many bytes were not.
    pub fn into_parts(self) -> (Vec<u8>, u64) {
        (self.bytes, self.dropped)
    }
}

/// The end of a stream, for people: the last thing a tool said is why it failed.
#[derive(Debug)]
pub struct Tail {
    bytes: VecDeque<u8>,
    limit: usize,
}

impl Tail {
    pub fn new(limit: usize) -> Tail {
        Tail { bytes: VecDeque::new(), limit }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.limit)..];
        let excess = (self.bytes.len() + bytes.len()).saturating_sub(self.limit);
        self.bytes.drain(..excess);
        self.bytes.extend(bytes);
    }

    pub fn text(&self) -> String {
        let (front, back) = self.bytes.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
}

/// Cuts a stream into lines. A line that is longer than the limit comes in several pieces.
#[derive(Debug)]
pub struct Lines {
    begun: Vec<u8>,
    limit: usize,
}

impl Lines {
    pub fn new(limit: usize) -> Lines {
        Lines { begun: Vec::new(), limit }
    }

    /// Calls `line` with each line that is now whole, without its end.
    pub fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&str)) {
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let room = self.limit - self.begun.len();
            let taken = end.unwrap_or(bytes.len()).min(room);
            self.begun.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if bytes.first() == Some(&b'\n') {
                bytes = &bytes[1..];
                self.finish(&mut line);
            } else if self.begun.len() == self.limit && !bytes.is_empty() {
                self.finish(&mut line);
            } else if bytes.is_empty() {
                return;
            }
        }
    }

    /// Calls `line` with a last line that has no end.
    pub fn end(&mut self, mut line: impl FnMut(&str)) {
        if !self.begun.is_empty() {
            self.finish(&mut line);
        }
    }

    fn finish(&mut self, line: &mut impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.begun);
        line(text.strip_suffix('\r').unwrap_or(&text));
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(limit: usize, pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::new(limit), Vec::new());
        for piece in pieces {
            lines.push(piece, |line| seen.push(line.to_owned()));
        }
        lines.end(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        assert_eq!(lines(9, &[b"a\n\nb", b"c\r\nd"]), ["a", "", "bc", "d"]);
        assert_eq!(lines(3, &[b"abcdefgh\nx\n"]), ["abc", "def", "gh", "x"]);
        assert_eq!(lines(3, &[b"abc", b"\nd"]), ["abc", "d"]);
    }

    #[test]
    fn a_head_keeps_the_beginning_and_counts_the_rest() {
        let mut head = Head::new(4);
        head.push(b"abc");
        head.push(b"def");
        assert_eq!(head.into_parts(), (b"abcd".to_vec(), 2));
    }

    proptest! {
        #[test]
        fn a_tail_is_the_end_of_everything(pieces in prop::collection::vec("[a-z]{0,9}", 0..9), limit in 0..12_usize) {
            let mut tail = Tail::new(limit);
            pieces.iter().for_each(|piece| tail.push(piece.as_bytes()));
            let all = pieces.concat();
            prop_assert_eq!(tail.text(), &all[all.len().saturating_sub(limit)..]);
        }

        #[test]
        fn cutting_a_stream_elsewhere_changes_no_line(text in "[ab\n]{0,40}", cut in 0..40_usize) {
            let bytes = text.as_bytes();
            let (front, back) = bytes.split_at(cut.min(bytes.len()));
            prop_assert_eq!(lines(7, &[front, back]), lines(7, &[bytes]));
        }
    }
}

//! One request, one connection: slow for a client, simple for a lab.

use std::io::{self, BufRead, BufReader, Write};

use serde_json::Value;

use super::{Framing, Headers, RequestHead, ResponseHead, Stream, Trust, connect, read_body, read_response};
use crate::error::{Doing, Result};

/// Where requests go, and what they carry.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// `host:port`
    pub address: String,
    pub trust: Option<Trust>,
    /// Headers of every request.
    pub headers: Headers,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The body as JSON; `Null` where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

pub(crate) fn exchange(to: &Endpoint, method: &str, target: &str, kind: &str, body: &[u8]) -> Result<Answer> {
    let what = || format!("{method} {target} at {}", to.address);
    let (head, mut stream) = open(to, method, target, kind, body).doing(what())?;
    let body = read_body(&mut stream, head.framing(method)).doing(what())?;
    Ok(Answer { status: head.status, text: String::from_utf8_lossy(&body).into_owned() })
}

/// Sends a request and reads the head of its answer.
pub(crate) fn open(
    to: &Endpoint,
    method: &str,
    target: &str,
    kind: &str,
    body: &[u8],
) -> io::Result<(ResponseHead, BufReader<Stream>)> {
    let mut headers = to.headers.clone();
    headers.set("Host", &to.address);
    headers.set("Connection", "close");
    headers.set("Content-Length", body.len().to_string());
    if !kind.is_empty() {
        headers.set("Content-Type", kind);
    }
    let head = RequestHead { method: method.to_owned(), target: target.to_owned(), headers };
    let mut stream = BufReader::new(connect(&to.address, to.trust.as_ref())?);
    let mut message = head.text().into_bytes();
    message.extend_from_slice(body);
    stream.get_mut().write_all(&message)?;
    stream.get_mut().flush()?;
    let head = read_response(&mut stream)?;
    Ok((head, stream))
}

/// The lines of a body that goes on, such as a watch's.
pub(crate) struct Lines {
    stream: BufReader<Stream>,
    framing: Framing,
    /// What is left of the current chunk.
    left: u64,
    line: Vec<u8>,
}

impl Lines {
    pub fn new(stream: BufReader<Stream>, framing: Framing) -> Self {
        Self { stream, framing, left: 0, line: Vec::new() }
    }

    /// The next line; `None` at the end of the body. A read timeout of the socket is an error that may be tried again.
    pub fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            if self.framing == Framing::Chunked && self.left == 0 && !self.next_chunk()? {
                return Ok(None);
            }
            let piece = self.stream.fill_buf()?;
            if piece.is_empty() {
                return Ok(None);
            }
            let most = if self.framing == Framing::Chunked { self.left } else { u64::MAX };
            let most = piece.len().min(usize::try_from(most).unwrap_or(usize::MAX));
            let end = piece[..most].iter().position(|byte| *byte == b'\n');
            let take = end.map_or(most, |at| at + 1);
            self.line.extend_from_slice(&piece[..take]);
            self.stream.consume(take);
            self.left = self.left.saturating_sub(take as u64);
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
        }
    }

    fn next_chunk(&mut self) -> io::Result<bool> {
        let mut line = String::new();
        // The end of the chunk before, then the size of this one.
        while line.trim().is_empty() {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Ok(false);
            }
        }
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        Ok(self.left > 0)
    }
}

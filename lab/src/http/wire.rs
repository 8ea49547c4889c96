//! Heads and bodies of HTTP/1.1 messages.

use std::io::{self, BufRead};

/// More than any server here sends.
const LONGEST_HEAD: usize = 256 * 1024;

#[derive(Clone, Default)]
pub(crate) struct Headers(pub Vec<(String, String)>);

impl Headers {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// `beginning` is in small letters.
    pub fn remove_beginning(&mut self, beginning: &str) {
        self.0.retain(|(known, _)| !known.to_ascii_lowercase().starts_with(beginning));
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.0.push((name.to_owned(), value.into()));
    }

    fn has(&self, name: &str, token: &str) -> bool {
        self.0
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .any(|(_, value)| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    }

    fn write(&self, head: &mut String) {
        for (name, value) in &self.0 {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
    }
}

/// Gets a piece of a body: as it was sent, with its framing, and without.
type Sink<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> io::Result<()>;

/// How the end of a body is told.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    UntilClosed,
}

pub(crate) struct RequestHead {
    pub method: String,
    pub target: String,
    pub headers: Headers,
}

impl RequestHead {
    pub fn framing(&self) -> Framing {
        if self.headers.has("transfer-encoding", "chunked") {
            return Framing::Chunked;
        }
        Framing::Length(length(&self.headers).unwrap_or(0))
    }

    pub fn text(&self) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        self.headers.write(&mut head);
        head
    }
}

pub(crate) struct ResponseHead {
    pub status: u16,
    pub reason: String,
    pub headers: Headers,
}

impl ResponseHead {
    pub fn framing(&self, method: &str) -> Framing {
        if method == "HEAD" || self.status < 200 || self.status == 204 || self.status == 304 {
            Framing::Length(0)
        } else if self.headers.has("transfer-encoding", "chunked") {
            Framing::Chunked
        } else {
            length(&self.headers).map_or(Framing::UntilClosed, Framing::Length)
        }
    }

    pub fn closes(&self) -> bool {
        self.headers.has("connection", "close")
    }

    pub fn text(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        self.headers.write(&mut head);
        head
    }
}

fn length(headers: &Headers) -> Option<u64> {
    headers.get("content-length")?.trim().parse().ok()
}

/// The next request; `None` when the peer closed the connection instead.
pub(crate) fn read_request(from: &mut impl BufRead) -> io::Result<Option<RequestHead>> {
    let Some(bytes) = read_head(from)? else { return Ok(None) };
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut slots);
    parsed.parse(&bytes).map_err(io::Error::other)?;
    Ok(Some(RequestHead {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: headers(parsed.headers),
    }))
}

pub(crate) fn read_response(from: &mut impl BufRead) -> io::Result<ResponseHead> {
    let bytes = read_head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Response::new(&mut slots);
    parsed.parse(&bytes).map_err(io::Error::other)?;
    // An HTTP/1.0 server closes after its answer unless it says otherwise.
    let mut headers = headers(parsed.headers);
    if parsed.version == Some(0) && !headers.has("connection", "keep-alive") {
        headers.set("Connection", "close");
    }
    let reason = parsed.reason.unwrap_or_default().to_owned();
    Ok(ResponseHead { status: parsed.code.unwrap_or_default(), reason, headers })
}

fn headers(parsed: &[httparse::Header<'_>]) -> Headers {
    let header = |it: &httparse::Header<'_>| (it.name.to_owned(), String::from_utf8_lossy(it.value).into_owned());
    Headers(parsed.iter().map(header).collect())
}

fn read_head(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if from.read_until(b'\n', &mut head)? == 0 {
            return if head.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if head.len() > LONGEST_HEAD {
            return Err(io::Error::other("the head of a message has no end"));
        }
    }
    Ok(Some(head))
}

/// A whole body, without its framing.
pub(crate) fn read_body(from: &mut impl BufRead, framing: Framing) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    each_body_piece(from, framing, &mut |_, data| {
        body.extend_from_slice(data);
        Ok(())
    })?;
    Ok(body)
}

/// Gives each piece of a body to `sink` as it arrives.
pub(crate) fn each_body_piece(from: &mut impl BufRead, framing: Framing, sink: Sink<'_>) -> io::Result<()> {
    match framing {
        Framing::Length(length) => each_of(from, length, sink),
        Framing::UntilClosed => loop {
            let piece = from.fill_buf()?;
            if piece.is_empty() {
                return Ok(());
            }
            let length = piece.len();
            sink(piece, piece)?;
            from.consume(length);
        },
        Framing::Chunked => loop {
            let line = read_line(from)?;
            let text = String::from_utf8_lossy(&line);
            let size = text.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            sink(&line, &[])?;
            each_of(from, size, sink)?;
            // After the last chunk trailers may come; an empty line ends either.
            let mut end = read_line(from)?;
            while size == 0 && end != b"\r\n" {
                sink(&end, &[])?;
                end = read_line(from)?;
            }
            sink(&end, &[])?;
            if size == 0 {
                return Ok(());
            }
        },
    }
}

fn each_of(from: &mut impl BufRead, length: u64, sink: Sink<'_>) -> io::Result<()> {
    let mut left = length;
    while left > 0 {
        let piece = from.fill_buf()?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let take = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        sink(&piece[..take], &piece[..take])?;
        from.consume(take);
        left -= take as u64;
    }
    Ok(())
}

fn read_line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

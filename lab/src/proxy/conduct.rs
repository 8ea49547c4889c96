//! One client's connection, request by request.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::time::Duration;

use super::fault::Mischief;
use super::record::Recorded;
use super::{Shared, lock};
use crate::http::{
    Framing, RequestHead, ResponseHead, Stream, connect, each_body_piece, read_body, read_request, read_response,
};

/// How often a silent part's answer is left for a look whether the client is still there.
const LOOK: Duration = Duration::from_millis(500);

type Buffered = BufReader<Stream>;

pub(super) fn connection(shared: &Shared, client: Stream) -> io::Result<()> {
    let mut client = BufReader::new(client);
    while let Some(mut head) = read_request(&mut client)? {
        if head.headers.get("expect").is_some_and(|it| it.eq_ignore_ascii_case("100-continue")) {
            send(&mut client, &[b"HTTP/1.1 100 Continue\r\n\r\n"])?;
            head.headers.remove("expect");
        }
        let body = read_body(&mut client, head.framing())?;
        let request = Recorded::new(&head, &body);
        let fault = lock(&shared.orders).take(&request, &String::from_utf8_lossy(&body));
        let at = note(shared, request, fault.as_ref());

        match &fault {
            Some(Mischief::Refuse) => return Ok(()),
            Some(Mischief::Answer(status, text)) => {
                tell(shared, at, *status);
                answer(&mut client, *status, "", text)?;
                continue;
            }
            Some(Mischief::Throttle(code, seconds)) => {
                tell(shared, at, 503);
                let headers = format!("Retry-After: {seconds}\r\nx-ms-error-code: {code}\r\n");
                let text = format!("<Error><Code>{code}</Code><Message>Slow down.</Message></Error>");
                answer(&mut client, 503, &headers, &text)?;
                continue;
            }
            Some(Mischief::Slow(by)) => std::thread::sleep(*by),
            Some(Mischief::Strip(beginning)) => head.headers.remove_beginning(beginning),
            Some(Mischief::LoseAnswer | Mischief::Cut(_)) | None => {}
        }

        let mut behind = match forward(shared, &mut head, &body) {
            Ok(behind) => behind,
            Err(error) => {
                tell(shared, at, 502);
                return answer(
                    &mut client,
                    502,
                    "",
                    &format!("the part behind the lab's proxy does not answer: {error}"),
                );
            }
        };
        let response = read_patiently(&client, &mut behind)?;
        let framing = response.framing(&head.method);
        match fault {
            Some(Mischief::LoseAnswer) => {
                // Read to its end: the effect is complete before the client can notice.
                return read_body(&mut behind, framing).map(drop);
            }
            Some(Mischief::Cut(bytes)) => {
                tell(shared, at, response.status);
                return cut(&mut client, &mut behind, &response, framing, bytes);
            }
            _ => {}
        }
        tell(shared, at, response.status);
        pass(&mut client, &mut behind, &response, framing)?;
        if framing == Framing::UntilClosed || response.closes() {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends the request on, each over a connection of its own: one that is kept
/// may be closed by the other side at the wrong moment, a fault nobody ordered.
fn forward(shared: &Shared, head: &mut RequestHead, body: &[u8]) -> io::Result<Buffered> {
    if head.framing() == Framing::Chunked {
        head.headers.remove("transfer-encoding");
        head.headers.set("Content-Length", body.len().to_string());
    }
    let mut behind = BufReader::new(connect(&shared.target, shared.trust.as_ref())?);
    behind.get_ref().socket().set_read_timeout(Some(LOOK))?;
    send(&mut behind, &[head.text().as_bytes(), body])?;
    Ok(behind)
}

/// Waits for the head of the answer as long as the client does.
fn read_patiently(client: &Buffered, behind: &mut Buffered) -> io::Result<ResponseHead> {
    loop {
        match io::BufRead::fill_buf(behind) {
            Err(error) if is_timeout(&error) && !is_closed(client.get_ref()) => {}
            Err(error) => return Err(error),
            Ok(_) => return read_response(&mut Patient { client: None, behind }),
        }
    }
}

/// Passes an answer on, each piece as it comes.
fn pass(client: &mut Buffered, behind: &mut Buffered, head: &ResponseHead, framing: Framing) -> io::Result<()> {
    send(client, &[head.text().as_bytes()])?;
    let watched = client.get_ref().socket().try_clone()?;
    let from = &mut Patient { client: Some(watched), behind };
    each_body_piece(from, framing, &mut |sent, _| send(client, &[sent]))
}

fn cut(
    client: &mut Buffered,
    behind: &mut Buffered,
    head: &ResponseHead,
    framing: Framing,
    bytes: usize,
) -> io::Result<()> {
    send(client, &[head.text().as_bytes()])?;
    let mut left = bytes;
    each_body_piece(&mut Patient { client: None, behind }, framing, &mut |sent, _| {
        let take = left.min(sent.len());
        left -= take;
        send(client, &[&sent[..take]])
    })
}

/// Reads from the part behind, however long it says nothing, until the client leaves.
struct Patient<'a> {
    client: Option<std::net::TcpStream>,
    behind: &'a mut Buffered,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let data = io::BufRead::fill_buf(self)?;
        let length = data.len().min(buffer.len());
        buffer[..length].copy_from_slice(&data[..length]);
        io::BufRead::consume(self, length);
        Ok(length)
    }
}

impl io::BufRead for Patient<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while let Err(error) = self.behind.fill_buf() {
            let left = self.client.as_ref().is_some_and(socket_is_closed);
            if !is_timeout(&error) || left {
                return Err(error);
            }
        }
        self.behind.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.behind.consume(amount);
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn is_closed(stream: &Stream) -> bool {
    socket_is_closed(stream.socket())
}

fn socket_is_closed(socket: &std::net::TcpStream) -> bool {
    // Peeking without waiting: nothing there is an error, a closed connection is not.
    if socket.set_nonblocking(true).is_err() {
        return true;
    }
    let seen = socket.peek(&mut [0]);
    let back = socket.set_nonblocking(false);
    back.is_err() || matches!(seen, Ok(0)) || matches!(seen, Err(error) if !is_timeout(&error))
}

fn send(to: &mut Buffered, pieces: &[&[u8]]) -> io::Result<()> {
    let to = to.get_mut();
    for piece in pieces {
        to.write_all(piece)?;
    }
    to.flush()
}

fn answer(client: &mut Buffered, status: u16, headers: &str, text: &str) -> io::Result<()> {
    let kind = match text.as_bytes().first() {
        Some(b'{') => "application/json",
        Some(b'<') => "text/xml",
        _ => "text/plain",
    };
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status} Ordered\r\n{headers}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    send(client, &[head.as_bytes(), text.as_bytes()])
}

fn note(shared: &Shared, mut request: Recorded, fault: Option<&Mischief>) -> usize {
    request.fault = fault.map(|fault| format!("{fault:?}")).unwrap_or_default();
    let mut records = lock(&shared.records);
    records.push(request);
    records.len() - 1
}

fn tell(shared: &Shared, at: usize, status: u16) {
    lock(&shared.records)[at].status = status;
}

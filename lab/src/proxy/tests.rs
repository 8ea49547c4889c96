use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Fault, FaultProxy, Matcher};
use crate::http::{Endpoint, Headers, Lines, exchange, open, read_body, read_request, read_response};

/// A server that answers each request with a body of its own choice, and counts.
struct Part {
    address: String,
    hits: Arc<AtomicUsize>,
}

impl Part {
    /// `answer` is what it sends after having read a request, whole; it gets that request's body.
    fn new(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let hits = Arc::new(AtomicUsize::new(0));
        let (counter, answer) = (Arc::clone(&hits), Arc::new(answer));
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (counter, answer) = (Arc::clone(&counter), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(socket);
                    while let Ok(Some(head)) = read_request(&mut stream) {
                        let body = read_body(&mut stream, head.framing()).unwrap();
                        counter.fetch_add(1, Ordering::SeqCst);
                        answer(&String::from_utf8_lossy(&body), stream.get_mut());
                    }
                });
            }
        });
        Self { address, hits }
    }

    fn echo() -> Self {
        Self::new(|body, to| {
            let _ = write!(to, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        })
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

fn endpoint(proxy: &FaultProxy) -> Endpoint {
    let address = proxy.url().trim_start_matches("http://").to_owned();
    Endpoint { address, trust: None, headers: Headers::default() }
}

fn post(proxy: &FaultProxy, body: &str) -> crate::error::Result<crate::Answer> {
    exchange(&endpoint(proxy), "POST", "/x?y=1", "application/x-www-form-urlencoded", body.as_bytes())
}

#[test]
fn it_passes_on_and_writes_down() {
    let part = Part::echo();
    let proxy = FaultProxy::before(&part.address);
    let answer = post(&proxy, "Action=RunInstances&Tag=a%2Fb+c&Empty=").unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (200, "Action=RunInstances&Tag=a%2Fb+c&Empty="));
    let seen = proxy.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str(), seen[0].status), ("POST", "/x?y=1", 200));
    assert_eq!((seen[0].action.as_str(), seen[0].param("Tag")), ("RunInstances", Some("a/b c")));
}

#[test]
fn faults_come_in_order_and_by_number() {
    let part = Part::echo();
    let proxy = FaultProxy::before(&part.address);
    proxy.order(Fault::answer(503, "busy").when(Matcher::any().body("two")).from_nth(2));
    proxy.order(Fault::answer(429, "slow down").when(Matcher::any().method("POST")).times(2));
    let answers: Vec<_> = ["one", "two", "two", "three"].map(|body| post(&proxy, body).unwrap().status).into();
    assert_eq!(answers, [429, 429, 503, 200]);
    assert_eq!(part.hits(), 1);
}

#[test]
fn a_refused_request_has_no_effect_and_a_lost_answer_has() {
    let part = Part::echo();
    let proxy = FaultProxy::before(&part.address);
    proxy.order(Fault::refuse());
    assert!(post(&proxy, "a").is_err());
    assert_eq!(part.hits(), 0);
    proxy.order(Fault::lose_answer());
    assert!(post(&proxy, "a").is_err());
    assert_eq!(part.hits(), 1);
    assert_eq!(post(&proxy, "a").unwrap().status, 200);
    let statuses: Vec<_> = proxy.requests().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [0, 0, 200]);
}

#[test]
fn an_answer_is_cut_in_the_middle() {
    let part = Part::echo();
    let proxy = FaultProxy::before(&part.address);
    proxy.order(Fault::cut_after(3));
    let (head, mut stream) = open(&endpoint(&proxy), "POST", "/", "", b"abcdef").unwrap();
    let mut got = Vec::new();
    let end = std::io::Read::read_to_end(&mut stream, &mut got);
    assert_eq!((head.status, got.as_slice(), end.is_ok()), (200, b"abc".as_slice(), true));
}

#[test]
fn a_slow_request_arrives_later() {
    let part = Part::echo();
    let proxy = FaultProxy::before(&part.address);
    proxy.order(Fault::slow(Duration::from_millis(300)));
    let started = std::time::Instant::now();
    assert_eq!(post(&proxy, "a").unwrap().status, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn down_is_refused_and_up_is_back() {
    let part = Part::echo();
    let proxy = FaultProxy::before(&part.address);
    assert!(post(&proxy, "a").is_ok());
    proxy.down();
    assert!(TcpStream::connect(endpoint(&proxy).address).is_err());
    proxy.up();
    assert_eq!(post(&proxy, "a").unwrap().status, 200);
}

#[test]
fn one_connection_carries_many_requests_and_chunks() {
    let part = Part::new(|body, to| {
        let _ =
            write!(to, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    });
    let proxy = FaultProxy::before(&part.address);
    let mut stream = BufReader::new(TcpStream::connect(endpoint(&proxy).address).unwrap());
    for body in ["first", "second"] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let head = read_response(&mut stream).unwrap();
        let got = read_body(&mut stream, head.framing("POST")).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), format!("abc{body}"));
    }
}

/// Each event of a watch arrives before the next one is made: the part waits for the reader.
#[test]
fn a_stream_flows_through_unbuffered() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let part = Part::new(move |_, to| {
        let _ = to.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for line in ["one\n", "two\n"] {
            let _ = write!(to, "4\r\n{line}\r\n");
            let _ = wait.lock().unwrap().recv();
        }
        let _ = to.write_all(b"0\r\n\r\n");
    });
    let proxy = FaultProxy::before(&part.address);
    let (head, stream) = open(&endpoint(&proxy), "GET", "/", "", &[]).unwrap();
    let mut lines = Lines::new(stream, head.framing("GET"));
    assert_eq!(lines.next().unwrap().as_deref(), Some("one\n"));
    go.send(()).unwrap();
    assert_eq!(lines.next().unwrap().as_deref(), Some("two\n"));
    go.send(()).unwrap();
    assert_eq!(lines.next().unwrap(), None);
}

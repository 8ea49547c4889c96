//! Wires between hosts, which see nothing of loopback, and what is there.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// How a bootstrap token begins in a join file, and how long it is.
const TOKEN: &[u8] = b"\"token\":\"";
const LENGTH: usize = 23;

/// From an address that hosts reach to one on loopback. It notes the bootstrap tokens that are written through it.
pub struct Wire {
    address: String,
    tokens: Arc<Mutex<BTreeSet<String>>>,
}

impl Wire {
    pub fn lay(from: &str, to: &str) -> Wire {
        let listener = TcpListener::bind((from, 0)).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let tokens: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (to, seen) = (to.to_owned(), tokens.clone());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let (to, seen) = (to.clone(), seen.clone());
                std::thread::spawn(move || {
                    let Ok(far) = TcpStream::connect(&to) else { return };
                    join(near, far, move |written| note(&seen, written));
                });
            }
        });
        Wire { address, tokens }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn tokens(&self) -> BTreeSet<String> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What was written of a connection so far.
fn note(seen: &Mutex<BTreeSet<String>>, written: &[u8]) {
    for at in (0..written.len()).filter(|at| written[*at..].starts_with(TOKEN)) {
        let token = written.get(at + TOKEN.len()..at + TOKEN.len() + LENGTH);
        let token = token.and_then(|token| std::str::from_utf8(token).ok());
        seen.lock().unwrap_or_else(PoisonError::into_inner).extend(token.map(str::to_owned));
    }
}

/// A proxy for `CONNECT` that leads to one host, whatever name is asked for.
pub struct Tunnel(String);

impl Tunnel {
    pub fn to(host: &str) -> Tunnel {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let host = host.to_owned();
        std::thread::spawn(move || {
            for mut near in listener.incoming().flatten() {
                let host = host.clone();
                std::thread::spawn(move || {
                    let mut asked = Vec::new();
                    let mut byte = [0];
                    while !asked.ends_with(b"\r\n\r\n") && near.read(&mut byte).is_ok_and(|read| read == 1) {
                        asked.push(byte[0]);
                    }
                    let Ok(far) = TcpStream::connect((host.as_str(), 6443)) else {
                        let _ = near.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
                        return;
                    };
                    if near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_ok() {
                        join(near, far, |_| {});
                    }
                });
            }
        });
        Tunnel(format!("http://{address}"))
    }

    pub fn url(&self) -> String {
        self.0.clone()
    }
}

/// Carries bytes both ways until both ends are silent.
fn join(near: TcpStream, far: TcpStream, written: impl Fn(&[u8]) + Send + 'static) {
    let (Ok(mut near_in), Ok(mut far_out)) = (near.try_clone(), far.try_clone()) else { return };
    let there = std::thread::spawn(move || {
        let mut all = Vec::new();
        let mut part = [0; 16 * 1024];
        while let Ok(read @ 1..) = near_in.read(&mut part) {
            all.extend(&part[..read]);
            written(&all);
            if far_out.write_all(&part[..read]).is_err() {
                break;
            }
            // A token and what stands before it may come in two parts, and no more is needed.
            let old = all.len().saturating_sub(TOKEN.len() + LENGTH);
            all.drain(..old);
        }
        let _ = far_out.shutdown(Shutdown::Write);
    });
    let (mut far, mut near) = (far, near);
    let _ = std::io::copy(&mut far, &mut near);
    let _ = near.shutdown(Shutdown::Write);
    let _ = there.join();
}

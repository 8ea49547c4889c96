//! A proxy before an HTTP part: it writes down what goes through, and makes
//! mischief on order.

mod conduct;
mod fault;
mod record;
#[cfg(test)]
mod tests;

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

pub use fault::{Fault, Matcher};
pub use record::Recorded;

use crate::http::{Trust, accept};
use fault::Orders;

/// A proxy on a port of its own. Dropping it cuts every connection.
pub struct FaultProxy {
    shared: Arc<Shared>,
    port: u16,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    /// `host:port` of the part behind.
    target: String,
    /// Where the part speaks TLS: the proxy then does so too, with the same certificate.
    trust: Option<Trust>,
    orders: Mutex<Orders>,
    records: Mutex<Vec<Recorded>>,
    connections: Mutex<Vec<TcpStream>>,
    down: AtomicBool,
}

impl FaultProxy {
    /// Before a part that speaks plain HTTP, by its URL or `host:port`.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn before(url: &str) -> Self {
        let target = url.trim_start_matches("http://").trim_end_matches('/');
        Self::new(target, None)
    }

    pub(crate) fn before_tls(target: &str, trust: Trust) -> Self {
        Self::new(target, Some(trust))
    }

    fn new(target: &str, trust: Option<Trust>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            trust,
            orders: Mutex::default(),
            records: Mutex::default(),
            connections: Mutex::default(),
            down: AtomicBool::new(false),
        });
        let accepting = Mutex::new(Some(listen(&shared, listener)));
        Self { shared, port, accepting }
    }

    /// `host:port` of the part behind.
    pub(crate) fn target(&self) -> &str {
        &self.shared.target
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What clients use in place of the part's own URL.
    pub fn url(&self) -> String {
        let scheme = if self.shared.trust.is_some() { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Orders a fault. Of several that match a request, the one ordered first happens.
    pub fn order(&self, fault: Fault) {
        lock(&self.shared.orders).add(fault);
    }

    /// Takes back every fault that was ordered.
    pub fn calm(&self) {
        *lock(&self.shared.orders) = Orders::default();
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.records).clone()
    }

    /// From now on nobody listens here, and open connections are cut.
    pub fn down(&self) {
        self.shared.down.store(true, Ordering::SeqCst);
        // Wakes the listener, which then closes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = lock(&self.accepting).take() {
            let _ = thread.join();
        }
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Listens again, on the same port.
    ///
    /// # Panics
    /// When another program has taken the port in between.
    pub fn up(&self) {
        let mut accepting = lock(&self.accepting);
        if accepting.is_some() {
            return;
        }
        let address = ("127.0.0.1", self.port);
        let listener = crate::wait_for("the proxy's port to be free again", || TcpListener::bind(address).ok());
        self.shared.down.store(false, Ordering::SeqCst);
        *accepting = Some(listen(&self.shared, listener));
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.down();
    }
}

fn listen(shared: &Arc<Shared>, listener: TcpListener) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            if shared.down.load(Ordering::SeqCst) {
                return;
            }
            let Ok(socket) = socket else {
                // Out of file descriptors, most likely: others are about to be given back.
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || serve(&shared, socket));
        }
    })
}

fn serve(shared: &Arc<Shared>, socket: TcpStream) {
    let Ok(handle) = socket.try_clone() else { return };
    {
        let mut connections = lock(&shared.connections);
        connections.retain(|known| known.peer_addr().is_ok());
        connections.push(handle);
    }
    let closing = socket.try_clone();
    if let Ok(stream) = accept(socket, shared.trust.as_ref()) {
        // How a connection ends is the two sides' own affair: both see it.
        let _ = conduct::connection(shared, stream);
    }
    // The copies kept for `down` would hold it open.
    if let Ok(closing) = closing {
        let _ = closing.shutdown(Shutdown::Both);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

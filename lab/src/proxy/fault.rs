//! What can be ordered of a proxy.

use std::time::Duration;

use serde_json::json;

use super::record::Recorded;

/// Which requests: all that was asked for must hold.
#[derive(Clone, Default, Debug)]
pub struct Matcher {
    method: Option<String>,
    path: Option<String>,
    action: Option<String>,
    body: Option<String>,
}

impl Matcher {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// A part of path and query.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// An AWS action, such as `TerminateInstances`.
    pub fn action(mut self, action: &str) -> Self {
        self.action = Some(action.to_owned());
        self
    }

    /// A part of the body.
    pub fn body(mut self, part: &str) -> Self {
        self.body = Some(part.to_owned());
        self
    }

    fn fits(&self, request: &Recorded, body: &str) -> bool {
        self.method.as_ref().is_none_or(|it| *it == request.method)
            && self.path.as_ref().is_none_or(|it| request.path.contains(it))
            && self.action.as_ref().is_none_or(|it| *it == request.action)
            && self.body.as_ref().is_none_or(|it| body.contains(it))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Mischief {
    Slow(Duration),
    Refuse,
    Answer(u16, String),
    /// An answer 503 with this code, and how many seconds to wait.
    Throttle(String, u64),
    /// Headers of the request whose names begin so are left out, in small letters.
    Strip(String),
    LoseAnswer,
    Cut(usize),
}

/// Something that shall go wrong, once unless told otherwise.
#[derive(Clone, Debug)]
#[must_use = "a fault happens only once it is ordered of a proxy"]
pub struct Fault {
    what: Mischief,
    when: Matcher,
    skip: usize,
    times: usize,
}

impl Fault {
    fn new(what: Mischief) -> Self {
        Self { what, when: Matcher::any(), skip: 0, times: 1 }
    }

    /// The request is passed on only after this long.
    pub fn slow(by: Duration) -> Self {
        Self::new(Mischief::Slow(by))
    }

    /// The connection is closed before the request is passed on: no effect, no answer.
    pub fn refuse() -> Self {
        Self::new(Mischief::Refuse)
    }

    /// The proxy answers by itself: no effect.
    pub fn answer(status: u16, body: &str) -> Self {
        Self::new(Mischief::Answer(status, body.to_owned()))
    }

    /// The proxy answers 503 by itself, with this error code of S3 or Azure: come again in so many seconds. No effect.
    pub fn throttle(code: &str, seconds: u64) -> Self {
        Self::new(Mischief::Throttle(code.to_owned(), seconds))
    }

    /// The proxy answers by itself as the API server would: no effect.
    pub fn status(code: u16, reason: &str, message: &str) -> Self {
        let status = json!({
            "apiVersion": "v1", "kind": "Status", "status": "Failure",
            "code": code, "reason": reason, "message": message,
        });
        Self::answer(code, &status.to_string())
    }

    /// The request is passed on without its headers whose names begin so, as a careless gateway would.
    pub fn strip(beginning: &str) -> Self {
        Self::new(Mischief::Strip(beginning.to_ascii_lowercase()))
    }

    /// The request has its effect, and then the connection is cut.
    pub fn lose_answer() -> Self {
        Self::new(Mischief::LoseAnswer)
    }

    /// The request has its effect, and the answer is cut after so many bytes of its body.
    pub fn cut_after(bytes: usize) -> Self {
        Self::new(Mischief::Cut(bytes))
    }

    /// Only requests that match.
    pub fn when(mut self, matcher: Matcher) -> Self {
        self.when = matcher;
        self
    }

    /// Begins with the n-th matching request from now on; the first is 1.
    pub fn from_nth(mut self, n: usize) -> Self {
        self.skip = n.saturating_sub(1);
        self
    }

    /// So many times.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Every time, until [`FaultProxy::calm`](super::FaultProxy::calm).
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

#[derive(Default)]
pub(super) struct Orders(Vec<Fault>);

impl Orders {
    pub fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// What shall happen to this request, counted off.
    pub fn take(&mut self, request: &Recorded, body: &str) -> Option<Mischief> {
        for fault in &mut self.0 {
            if fault.times == 0 || !fault.when.fits(request, body) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times = if fault.times == usize::MAX { usize::MAX } else { fault.times - 1 };
            return Some(fault.what.clone());
        }
        None
    }
}

//! What a proxy writes down of a request.

use crate::clock::now_micros;
use crate::http::RequestHead;

/// One request that went through a [`FaultProxy`](super::FaultProxy).
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When it had arrived, in microseconds since the epoch.
    pub at: i64,
    pub method: String,
    /// Path and query.
    pub path: String,
    /// AWS: the action, from the form or from `X-Amz-Target`; else empty.
    pub action: String,
    /// AWS: the service, from the signature's scope; else empty.
    pub service: String,
    /// AWS: the parameters of the form, in its order.
    pub params: Vec<(String, String)>,
    /// The status the client got; 0 when it got none, or has none yet.
    pub status: u16,
    /// The fault that was ordered for it; empty for none.
    pub fault: String,
}

impl Recorded {
    pub(super) fn new(head: &RequestHead, body: &[u8]) -> Self {
        let form =
            head.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let params = if form { pairs(&String::from_utf8_lossy(body)) } else { vec![] };
        let target = head.headers.get("x-amz-target").and_then(|target| target.rsplit('.').next()).map(str::to_owned);
        let action = params.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.clone());
        Self {
            at: now_micros(),
            method: head.method.clone(),
            path: head.target.clone(),
            action: action.or(target).unwrap_or_default(),
            service: head.headers.get("authorization").map(service).unwrap_or_default(),
            params,
            status: 0,
            fault: String::new(),
        }
    }

    /// A parameter of the form.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`
fn service(authorization: &str) -> String {
    let scope = authorization.split("Credential=").nth(1).and_then(|rest| rest.split(',').next());
    scope.and_then(|scope| scope.split('/').nth(3)).unwrap_or_default().to_owned()
}

fn pairs(form: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    form.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits =
                    [bytes.next(), bytes.next()].map(|digit| digit.map_or('0', char::from).to_digit(16).unwrap_or(0));
                u8::try_from(digits[0] * 16 + digits[1]).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

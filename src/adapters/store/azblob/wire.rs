//! The way of a request to Azure, below everything that logs.
//!
//! A SAS token is put on here, after the SDK's own logs and retries have seen the request without it; and what the
//! HTTP client says of a failure is kept without the request's URL, for the same reason.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::CONTENT_LENGTH;
use azure_core::http::{AsyncRawResponse, HttpClient, HttpClientOptions, Request, new_http_client};

/// How long one try of a small request may take. Azure answers these within a second.
const SMALL: Duration = Duration::from_secs(15);

/// The same for one that carries much: a large record over a slow line.
const LARGE: Duration = Duration::from_secs(60);

/// From how many bytes a request carries much.
const MUCH: u64 = 256 * 1024;

/// Sends requests. Nothing of it shows in `Debug`.
pub struct Wire {
    client: Arc<dyn HttpClient>,
    sas: Option<Secret>,
}

impl Wire {
    pub fn new(sas: Option<Secret>) -> Wire {
        // What is stored is what comes back: never unpacked on the way.
        let client = new_http_client(Some(HttpClientOptions { automatic_decompression: false }));
        Wire { client, sas }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let signed = self.sas.as_ref().map(|sas| {
            let mut signed = request.clone();
            let query = match signed.url().query().filter(|query| !query.is_empty()) {
                Some(query) => format!("{query}&{}", sas.secret()),
                None => sas.secret().to_owned(),
            };
            signed.url_mut().set_query(Some(&query));
            signed
        });
        let size = request.headers().get_optional_str(&CONTENT_LENGTH).and_then(|size| size.parse().ok());
        let patience = if size.is_some_and(|size: u64| size >= MUCH) { LARGE } else { SMALL };
        let sent = self.client.execute_request(signed.as_ref().unwrap_or(request));
        match tokio::time::timeout(patience, sent).await {
            Ok(answer) => answer.map_err(|error| without_url(&error)),
            Err(_) => Err(Error::with_message(ErrorKind::Io, format!("no answer within {} s", patience.as_secs()))),
        }
    }
}

/// The innermost cause alone: those around it repeat the URL, which has the SAS token in it.
fn without_url(error: &Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::Connection => ErrorKind::Connection,
        _ => ErrorKind::Io,
    };
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(std::error::Error::source) {
        innermost = Some(next);
    }
    let text = innermost.map_or_else(|| "the request could not be sent".to_owned(), ToString::to_string);
    // An error without a cause of its own is its own innermost one.
    let text = if text.contains("://") { "the request could not be sent".to_owned() } else { text };
    Error::with_message(kind, text)
}

//! Signing requests with the storage account's key, which the SDK does not do.
//!
//! <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>, the form of the version
//! 2015-02-21 and later.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::hmac::hmac_sha256;
use azure_core::http::headers::{AUTHORIZATION, Headers, MS_DATE};
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Method, Request, Url};
use azure_core::time::{OffsetDateTime, to_rfc7231};

/// Signs each try anew: a signature is good for some minutes.
#[derive(Debug)]
pub struct SharedKey {
    account: String,
    key: Secret,
}

impl SharedKey {
    pub fn new(account: &str, key: Secret) -> SharedKey {
        SharedKey { account: account.to_owned(), key }
    }
}

#[async_trait]
impl Policy for SharedKey {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        request.insert_header(MS_DATE, to_rfc7231(&OffsetDateTime::now_utc()));
        let size = request.body().len().unwrap_or_default();
        let text = to_sign(&self.account, request.method(), request.headers(), request.url(), size);
        let signature = hmac_sha256(&text, &self.key)?;
        request.insert_header(AUTHORIZATION, format!("SharedKey {}:{signature}", self.account));
        next[0].send(context, request, &next[1..]).await
    }
}

/// Headers whose values stand in the signed text, in this order; the length of the content comes between.
const BEFORE_LENGTH: [&str; 2] = ["content-encoding", "content-language"];
const AFTER_LENGTH: [&str; 8] = [
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
];

fn to_sign(account: &str, method: Method, headers: &Headers, url: &Url, size: u64) -> String {
    let value = |name: &&str| headers.iter().find(|(known, _)| known.as_str() == *name).map_or("", |(_, v)| v.as_str());
    let mut lines = vec![method.as_ref().to_owned()];
    lines.extend(BEFORE_LENGTH.iter().map(|name| value(name).to_owned()));
    lines.push(if size == 0 { String::new() } else { size.to_string() });
    lines.extend(AFTER_LENGTH.iter().map(|name| value(name).to_owned()));
    let mut own: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-ms-"))
        .map(|(name, value)| format!("{}:{}", name.as_str(), value.as_str().trim()))
        .collect();
    own.sort();
    lines.extend(own);
    lines.push(format!("/{account}{}", url.path()));
    let mut query: Vec<String> =
        url.query_pairs().map(|(name, value)| format!("{}:{value}", name.to_ascii_lowercase())).collect();
    query.sort();
    lines.extend(query);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After the example of the documentation, "Get Container Metadata" and "Put Blob".
    #[test]
    fn the_text_has_the_documented_form() {
        let mut headers = Headers::new();
        headers.insert("x-ms-version", "2015-02-21");
        headers.insert("x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT");
        let url = Url::parse("https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata");
        assert_eq!(
            to_sign("myaccount", Method::Get, &headers, &url.unwrap(), 0),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
             /myaccount/mycontainer\ncomp:metadata\nrestype:container"
        );
        headers.insert("content-type", "text/plain; charset=UTF-8");
        headers.insert("if-none-match", "*");
        let url = Url::parse("https://myaccount.blob.core.windows.net/mycontainer/a%2Fb%20c").unwrap();
        assert_eq!(
            to_sign("myaccount", Method::Put, &headers, &url, 11),
            "PUT\n\n\n11\n\ntext/plain; charset=UTF-8\n\n\n\n*\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\n\
             x-ms-version:2015-02-21\n/myaccount/mycontainer/a%2Fb%20c"
        );
    }
}

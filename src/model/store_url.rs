//! A store as one line of text, `--cluster URL`, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::failure::{Failure, Kind, Result};
use super::file::StoreSpec;

/// What a path in a URL may hold as it is (RFC 3986, `pchar` without `%` and the delimiters that shells read).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// The same for a value of the query, where an endpoint's `http://host:port` should stay readable.
const VALUE: &AsciiSet = &PATH.remove(b':');

const FORMS: &str = "write s3://BUCKET/PREFIX?region=REGION, azblob://ACCOUNT/CONTAINER/PREFIX or file:///FOLDER";

/// Reads `s3://bucket/prefix?region=…&endpoint=…&pathStyle=true`, `azblob://account/container/prefix?endpoint=…` or
/// `file:///folder`.
pub fn parse(url: &str) -> Result<StoreSpec> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| usage(url, "it has no scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if rest.contains('#') || query.contains('#') {
        return Err(usage(url, "`#` has no meaning here; write %23 for the character"));
    }
    match scheme {
        "s3" => s3(url, rest, query),
        "file" => local(url, rest, query),
        "azblob" => azblob(url, rest, query),
        other => Err(usage(url, &format!("`{other}` is no kind of store"))),
    }
}

fn s3(url: &str, rest: &str, query: &str) -> Result<StoreSpec> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(usage(url, "it names no bucket"));
    }
    // Nothing but letters, digits, dots and hyphens is in a bucket's name.
    if bucket.contains('@') {
        return Err(login_in_it("give credentials by the environment or by a profile of AWS"));
    }
    let bucket = decode(url, bucket)?;
    let prefix = decode(url, prefix.trim_matches('/'))?;
    let (mut region, mut endpoint, mut path_style) = (None, None, false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(url, value)?;
        match name {
            "region" => region = Some(value),
            "endpoint" => endpoint = Some(checked_endpoint(value)?),
            "pathStyle" => {
                path_style = value.parse().map_err(|_| usage(url, "`pathStyle` is `true` or `false`"))?;
            }
            other => {
                return Err(usage(url, &format!("`{other}` is no option of it: `region`, `endpoint` or `pathStyle`")));
            }
        }
    }
    Ok(StoreSpec::S3 { bucket, prefix, region, endpoint, path_style })
}

fn azblob(url: &str, rest: &str, query: &str) -> Result<StoreSpec> {
    const LOGINS: &str = "give a SAS token as AZURE_STORAGE_SAS_TOKEN, or log in as README.md lists it";
    let (account, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let (container, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let names: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    if account.contains('@') || names.contains(&"sig") {
        return Err(login_in_it(LOGINS));
    }
    if account.is_empty() {
        return Err(usage(url, "it names no storage account"));
    }
    if let Some((name, _)) = account.split_once('.') {
        return Err(usage(url, &format!("a storage account is named by `{name}` alone, without its host")));
    }
    if container.is_empty() {
        return Err(usage(url, "it names no container"));
    }
    let prefix = decode(url, prefix.trim_matches('/'))?;
    if prefix.contains('\\') {
        return Err(usage(url, "Azure takes a backslash for a slash"));
    }
    let mut endpoint = None;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("endpoint", value) => {
                let value = decode(url, value)?;
                endpoint = Some(checked_endpoint(value.trim_end_matches('/').to_owned())?);
            }
            (other, _) => return Err(usage(url, &format!("`{other}` is no option of it: `endpoint`"))),
        }
    }
    Ok(StoreSpec::Azblob { account: decode(url, account)?, container: decode(url, container)?, prefix, endpoint })
}

/// The URL is not repeated.
fn login_in_it(hint: &str) -> Failure {
    Failure::new(Kind::Usage, "the store's URL has a login in it")
        .because("it would show in lists of processes and in logs")
        .hint(hint)
}

/// An endpoint goes into error texts and into Terraform's backend, so no login may be in it.
fn checked_endpoint(endpoint: String) -> Result<String> {
    let Some((scheme @ ("http" | "https"), rest)) = endpoint.split_once("://") else {
        return Err(
            Failure::new(Kind::Usage, "the store's endpoint is no URL").hint("write https://HOST or https://HOST:PORT")
        );
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() {
        return Err(Failure::new(Kind::Usage, format!("the store's endpoint `{scheme}://` names no host")));
    }
    if host.contains('@') {
        return Err(Failure::new(Kind::Usage, "the store's endpoint has a login in it")
            .hint("give credentials by the environment, as README.md lists them"));
    }
    Ok(endpoint)
}

fn local(url: &str, rest: &str, query: &str) -> Result<StoreSpec> {
    if !query.is_empty() {
        return Err(usage(url, "a folder has no options"));
    }
    if !rest.starts_with('/') {
        return Err(usage(url, "a folder is given from the root, with three slashes"));
    }
    Ok(StoreSpec::Local { path: decode(url, rest)? })
}

fn decode(url: &str, text: &str) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| usage(url, "it is not UTF-8 behind its `%`"))?;
    if decoded.chars().any(char::is_control) {
        return Err(usage(url, "it has control characters behind its `%`"));
    }
    Ok(decoded.into_owned())
}

fn usage(url: &str, why: &str) -> Failure {
    Failure::new(Kind::Usage, format!("{url:?} is not the URL of a store")).because(why).hint(FORMS)
}

/// The URL of a store; [`parse`] reads it back. A folder's path should be absolute.
pub fn to_url(spec: &StoreSpec) -> String {
    let path = |text: &str| utf8_percent_encode(text, PATH).to_string();
    match spec {
        StoreSpec::S3 { bucket, prefix, region, endpoint, path_style } => {
            let mut url = format!("s3://{}", path(bucket));
            if !prefix.is_empty() {
                url.push('/');
                url.push_str(&path(prefix));
            }
            let region = region.as_ref().map(|region| ("region", region.as_str()));
            let endpoint = endpoint.as_ref().map(|endpoint| ("endpoint", endpoint.as_str()));
            let style = path_style.then_some(("pathStyle", "true"));
            let options = [region, endpoint, style].into_iter().flatten();
            for ((name, value), mark) in options.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
                url.push_str(&format!("{mark}{name}={}", utf8_percent_encode(value, VALUE)));
            }
            url
        }
        StoreSpec::Azblob { account, container, prefix, endpoint } => {
            let mut url = format!("azblob://{}/{}", path(account), path(container));
            if !prefix.is_empty() {
                url.push('/');
                url.push_str(&path(prefix));
            }
            if let Some(endpoint) = endpoint {
                url.push_str(&format!("?endpoint={}", utf8_percent_encode(endpoint, VALUE)));
            }
            url
        }
        StoreSpec::Local { path: folder } => format!("file://{}", path(folder)),
    }
}

#[cfg(test)]
mod tests;

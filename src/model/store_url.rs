//! A store as one line of text, `--cluster URL`, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::failure::{Failure, Kind, Result};
use super::file::StoreSpec;

/// What a path in a URL may hold as it is (RFC 3986, `pchar` without `%` and the delimiters that shells read).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// The same for a value of the query, where an endpoint's `http://host:port` should stay readable.
const VALUE: &AsciiSet = &PATH.remove(b':');

const FORMS: &str = "write s3://BUCKET/PREFIX?region=REGION or file:///FOLDER";

/// Reads `s3://bucket/prefix?region=…&endpoint=…&pathStyle=true` or `file:///folder`. `azblob://account/container/prefix`
/// is understood and refused: there is no such store yet.
pub fn parse(url: &str) -> Result<StoreSpec> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| usage(url, "it has no scheme"))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if rest.contains('#') || query.contains('#') {
        return Err(usage(url, "`#` has no meaning here; write %23 for the character"));
    }
    match scheme {
        "s3" => s3(url, rest, query),
        "file" => local(url, rest, query),
        "azblob" => Err(Failure::refused("stores in Azure Blob are not there yet").hint(FORMS)),
        other => Err(usage(url, &format!("`{other}` is no kind of store"))),
    }
}

fn s3(url: &str, rest: &str, query: &str) -> Result<StoreSpec> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(usage(url, "it names no bucket"));
    }
    // Nothing but letters, digits, dots and hyphens is in a bucket's name; a login in this place is not repeated.
    if bucket.contains('@') {
        return Err(Failure::new(Kind::Usage, "the store's URL has a login in it")
            .because("it would show in lists of processes and in logs")
            .hint("give credentials by the environment or by a profile of AWS"));
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
            .hint("give credentials by the environment or by a profile of AWS"));
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
        StoreSpec::Azblob { account, container, prefix, .. } => {
            format!("azblob://{}/{}/{}", path(account), path(container), path(prefix))
        }
        StoreSpec::Local { path: folder } => format!("file://{}", path(folder)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec(bucket: &str, prefix: &str, region: Option<&str>, endpoint: Option<&str>, path_style: bool) -> StoreSpec {
        StoreSpec::S3 {
            bucket: bucket.into(),
            prefix: prefix.into(),
            region: region.map(Into::into),
            endpoint: endpoint.map(Into::into),
            path_style,
        }
    }

    #[test]
    fn reads_urls() {
        let cases = [
            ("s3://acme", spec("acme", "", None, None, false)),
            ("s3://acme/", spec("acme", "", None, None, false)),
            ("s3://acme/clusters/demo/", spec("acme", "clusters/demo", None, None, false)),
            ("s3://acme/demo?region=eu-west-1", spec("acme", "demo", Some("eu-west-1"), None, false)),
            (
                "s3://acme/demo?endpoint=http://127.0.0.1:5000&pathStyle=true",
                spec("acme", "demo", None, Some("http://127.0.0.1:5000"), true),
            ),
            ("file:///var/lib/my%20cluster", StoreSpec::Local { path: "/var/lib/my cluster".into() }),
        ];
        for (url, expected) in cases {
            assert_eq!(parse(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn refuses_what_it_would_have_to_guess() {
        let cases = [
            ("acme/demo", "no scheme"),
            ("s3:///demo", "names no bucket"),
            ("s3://acme/demo?zone=a", "`zone` is no option"),
            ("s3://acme/demo?pathStyle=yes", "`pathStyle` is"),
            ("s3://acme/demo?endpoint=127.0.0.1", "no URL"),
            ("s3://acme/a#b", "`#`"),
            ("s3://acme/a%0Ab", "control characters"),
            ("file://relative/path", "three slashes"),
            ("file:///a?b=c", "no options"),
            ("gs://acme/demo", "`gs` is no kind"),
        ];
        for (url, why) in cases {
            let failure = parse(url).unwrap_err();
            assert_eq!(failure.kind, Kind::Usage, "{url}");
            assert!(failure.to_string().contains(why), "{url}: {failure}");
        }
    }

    #[test]
    fn azure_is_refused_as_not_there_yet() {
        let failure = parse("azblob://account/container/demo").unwrap_err();
        assert_eq!(failure.kind, Kind::Refused);
        assert!(failure.what.contains("not there yet"));
    }

    #[test]
    fn a_login_in_a_url_is_refused_and_not_repeated() {
        for url in ["s3://key:marker@acme/demo", "s3://acme/demo?endpoint=http://key:marker@host"] {
            let failure = parse(url).unwrap_err();
            assert!(!format!("{failure:?}").contains("marker"), "{failure:?}");
        }
    }

    proptest! {
        #[test]
        fn every_store_survives_its_url(
            bucket in "[a-z0-9][a-z0-9.-]{2,20}",
            prefix in "([^/\\pC]([^\\pC]{0,20}[^/\\pC])?)?",
            region in proptest::option::of("[a-z0-9-]{1,12}"),
            port in proptest::option::of(any::<u16>()),
            path_style in any::<bool>(),
        ) {
            let endpoint = port.map(|port| format!("http://127.0.0.1:{port}"));
            let spec = StoreSpec::S3 { bucket, prefix, region, endpoint, path_style };
            prop_assert_eq!(parse(&to_url(&spec)), Ok(spec));
        }

        #[test]
        fn every_folder_survives_its_url(path in "/[^\\pC]{0,40}") {
            let spec = StoreSpec::Local { path };
            prop_assert_eq!(parse(&to_url(&spec)), Ok(spec));
        }

        #[test]
        fn no_text_is_a_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}

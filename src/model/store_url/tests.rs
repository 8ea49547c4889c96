//! Stores as URLs, and back.

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
        ("azblob://acme", "names no container"),
        ("azblob:///clusters/demo", "names no storage account"),
        ("azblob://acme/clusters/demo?region=a", "`region` is no option"),
        ("azblob://acme.blob.core.windows.net/clusters", "`acme` alone"),
    ];
    for (url, why) in cases {
        let failure = parse(url).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage, "{url}");
        assert!(failure.to_string().contains(why), "{url}: {failure}");
    }
}

#[test]
fn reads_containers() {
    let of = |prefix: &str, endpoint: Option<&str>| StoreSpec::Azblob {
        account: "acme".into(),
        container: "clusters".into(),
        prefix: prefix.into(),
        endpoint: endpoint.map(Into::into),
    };
    let cases = [
        ("azblob://acme/clusters", of("", None)),
        ("azblob://acme/clusters/team/demo/", of("team/demo", None)),
        ("azblob://acme/clusters/a?endpoint=http://127.0.0.1:1/acme", of("a", Some("http://127.0.0.1:1/acme"))),
        ("azblob://acme/clusters/a?endpoint=https://host/", of("a", Some("https://host"))),
    ];
    for (url, expected) in cases {
        assert_eq!(parse(url), Ok(expected), "{url}");
    }
}

#[test]
fn a_login_in_a_url_is_refused_and_not_repeated() {
    for url in [
        "s3://key:marker@acme/demo",
        "s3://acme/demo?endpoint=http://key:marker@host",
        "azblob://key:marker@acme/demo",
        "azblob://acme/demo/x?sv=2020&sig=marker",
    ] {
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
    fn every_container_survives_its_url(
        account in "[a-z0-9]{3,24}",
        container in "[a-z0-9]{3,20}",
        prefix in "([^/\\\\\\pC]([^\\\\\\pC]{0,20}[^/\\\\\\pC])?)?",
        port in proptest::option::of(any::<u16>()),
    ) {
        let endpoint = port.map(|port| format!("http://127.0.0.1:{port}/{account}"));
        let spec = StoreSpec::Azblob { account, container, prefix, endpoint };
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

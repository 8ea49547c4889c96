//! A store as the cluster file names it.

use super::file::StoreSpec;

/// The line `store: { … }` for this store. A folder's path should be absolute.
pub fn of(spec: &StoreSpec) -> String {
    let mut fields: Vec<(&str, String)> = Vec::new();
    match spec {
        StoreSpec::S3 { bucket, prefix, region, endpoint, path_style } => {
            fields.extend([("backend", "s3".to_owned()), ("bucket", text(bucket)), ("prefix", text(prefix))]);
            fields.extend(region.as_ref().map(|region| ("region", text(region))));
            fields.extend(endpoint.as_ref().map(|endpoint| ("endpoint", text(endpoint))));
            if *path_style != endpoint.is_some() {
                fields.push(("pathStyle", path_style.to_string()));
            }
        }
        StoreSpec::Azblob { account, container, prefix, endpoint } => {
            let place = [("account", text(account)), ("container", text(container)), ("prefix", text(prefix))];
            fields.push(("backend", "azblob".to_owned()));
            fields.extend(place);
            fields.extend(endpoint.as_ref().map(|endpoint| ("endpoint", text(endpoint))));
        }
        StoreSpec::Local { path } => fields.extend([("backend", "local".to_owned()), ("path", text(path))]),
    }
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("store: {{ {} }}", fields.join(", "))
}

/// Plain where YAML reads nothing else into it than this text, else in quotes.
fn text(value: &str) -> String {
    let word = value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let meant = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&value.to_lowercase().as_str());
    if word && !meant { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file;

    /// What a cluster file with this line says.
    fn read_back(line: &str) -> StoreSpec {
        let text = format!(
            "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: sandbox\nregion: local\n\
             kubernetes: {{ version: 1.36.3 }}\n{line}\nnetwork: {{ zones: [local-a] }}\nsandbox: {{ register: /r }}\n\
             controlPlane: {{ count: 1, machine: small, image: {{ id: base }} }}\n\
             pools: [{{ name: w, machine: small, image: {{ id: base }}, count: 1 }}]\n"
        );
        file::parse("f", &text, &[]).unwrap_or_else(|found| panic!("{line}: {found}")).store
    }

    #[test]
    fn the_line_says_what_it_was_made_from() {
        let s3 = |prefix: &str, region: Option<&str>, endpoint: Option<&str>, path_style| StoreSpec::S3 {
            bucket: "acme-clusters".into(),
            prefix: prefix.into(),
            region: region.map(Into::into),
            endpoint: endpoint.map(Into::into),
            path_style,
        };
        for (spec, line) in [
            (
                s3("clusters/demo", Some("eu-west-1"), None, false),
                "store: { backend: s3, bucket: acme-clusters, prefix: clusters/demo, region: eu-west-1 }",
            ),
            (
                s3("1e3", None, Some("http://127.0.0.1:5000"), true),
                "store: { backend: s3, bucket: acme-clusters, prefix: '1e3', endpoint: 'http://127.0.0.1:5000' }",
            ),
            (
                s3("it's", None, Some("https://s3.example.com"), false),
                "store: { backend: s3, bucket: acme-clusters, prefix: 'it''s', endpoint: 'https://s3.example.com', \
                 pathStyle: false }",
            ),
            (StoreSpec::Local { path: "/srv/a b, c".into() }, "store: { backend: local, path: '/srv/a b, c' }"),
            (StoreSpec::Local { path: "/srv/store".into() }, "store: { backend: local, path: /srv/store }"),
        ] {
            assert_eq!(of(&spec), line);
            assert_eq!(read_back(line), spec);
        }
    }
}

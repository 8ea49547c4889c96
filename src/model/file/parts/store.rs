//! `store`.

use serde_json::{Value as Json, json};

use super::{Facts, a_path, by_cloud};
use crate::model::file::cloud;
use crate::model::file::problem::Findings;
use crate::model::file::read::{Choice, Fields, Flag, Kind, Object, Place, choice, object, text, wrong};
use crate::model::file::rules::{networks, stores};
use crate::model::file::types::StoreSpec;
use crate::model::provider::Provider;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Backend {
    S3,
    Azblob,
    Local,
}

const BACKENDS: &[(&str, Backend)] = &[("s3", Backend::S3), ("azblob", Backend::Azblob), ("local", Backend::Local)];

const EXAMPLE: &str = "{ backend: s3, bucket: acme-clusters }";

/// The backend decides which fields there are.
pub fn store(facts: &Facts) -> Store<'_> {
    Store { facts }
}

pub struct Store<'f> {
    facts: &'f Facts,
}

impl Kind for Store<'_> {
    type Out = StoreSpec;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<StoreSpec> {
        let backend = place.node.get("backend").and_then(|node| {
            let place = Place { node, path: String::new() };
            backend_kind().read(&place, &mut Findings::default())
        });
        match backend {
            Some(backend) => self.fields(backend).read(place, findings),
            // Says what is wrong with the backend, and nothing of fields that depend on it.
            None => object(EXAMPLE, |fields: &mut Fields<'_>| {
                for name in ["bucket", "prefix", "region", "endpoint", "pathStyle", "account", "container", "path"] {
                    fields.known(name);
                }
                fields.required("backend", "", &backend_kind()).map(|_| StoreSpec::Local { path: String::new() })
            })
            .read(place, findings),
        }
    }

    fn schema(&self) -> Json {
        let of = |(word, backend): &(&'static str, Backend)| {
            let mut schema = self.fields(*backend).schema();
            schema["properties"]["backend"] = json!({ "const": word, "description": "Where the store is." });
            schema
        };
        json!({ "type": "object", "required": ["backend"], "oneOf": BACKENDS.iter().map(of).collect::<Vec<_>>() })
    }

    fn example(&self) -> String {
        EXAMPLE.into()
    }
}

fn backend_kind() -> Choice<Backend> {
    choice(BACKENDS)
}

impl Store<'_> {
    fn fields(&self, backend: Backend) -> Object<impl Fn(&mut Fields<'_>) -> Option<StoreSpec>> {
        object(EXAMPLE, move |fields| {
            fields.required("backend", "Where the store is.", &backend_kind());
            match backend {
                Backend::S3 => self.s3(fields),
                Backend::Azblob => self.azblob(fields),
                Backend::Local => {
                    let doc = "A folder of this machine, or one that all who work on the cluster have mounted.";
                    Some(StoreSpec::Local { path: fields.required("path", doc, &a_path("./store"))? })
                }
            }
        })
    }

    fn prefix(&self, fields: &mut Fields<'_>) -> Option<String> {
        let kind = text("a folder within the store", "clusters/demo", stores::prefix)
            .length(1, 200)
            .pattern(r"^[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*$");
        let doc = "Under which everything of this cluster lies. Default: the cluster's name.";
        let written = fields.optional("prefix", doc, &kind).maybe()?;
        // Without a good name there is no store either; that was told.
        written.or_else(|| self.facts.name.clone())
    }

    fn s3(&self, fields: &mut Fields<'_>) -> Option<StoreSpec> {
        let bucket = text("a bucket's name", "acme-clusters", stores::bucket)
            .length(3, 63)
            .pattern("^[a-z0-9][a-z0-9.-]*[a-z0-9]$");
        let bucket = fields.required("bucket", "The bucket's name. It must exist.", &bucket);
        let prefix = self.prefix(fields);
        let region = by_cloud(Some(cloud::of(Provider::Aws).region.check));
        let region = text("a region", "eu-west-1", region).length(1, 63);
        let doc = "The bucket's region. Default: the cluster's on AWS, else what AWS's own tools would take.";
        let region = fields.optional("region", doc, &region).maybe();
        let own = self.facts.region.clone().filter(|_| self.facts.provider == Some(Provider::Aws));
        let endpoint = text("a URL", "https://minio.example.com", networks::url).pattern("^https?://");
        let doc = "The URL of another service that speaks S3.";
        let endpoint = fields.optional("endpoint", doc, &endpoint).maybe();
        let doc = "Whether the bucket stands in the URL's path. Default: where there is an `endpoint`.";
        let path_style = fields.optional("pathStyle", doc, &Flag).or(fields.has("endpoint"));
        Some(StoreSpec::S3 {
            bucket: bucket?,
            prefix: prefix?,
            region: region?.or(own),
            endpoint: endpoint?,
            path_style: path_style?,
        })
    }

    fn azblob(&self, fields: &mut Fields<'_>) -> Option<StoreSpec> {
        let account =
            text("a storage account's name", "acmeclusters", stores::account).length(3, 24).pattern("^[a-z0-9]+$");
        let account = fields.required("account", "The storage account's name.", &account);
        let container =
            text("a container's name", "clusters", stores::container).length(3, 63).pattern("^[a-z0-9]+(-[a-z0-9]+)*$");
        let container = fields.required("container", "The container's name. It must exist.", &container);
        let prefix = self.prefix(fields);
        let endpoint = text("a URL", "https://acme.blob.core.windows.net", |text| {
            let url = networks::url(text)?;
            match url.ends_with('/') {
                true => Err(wrong("a slash stands at its end", format!("write `{}`", url.trim_end_matches('/')))),
                false => Ok(url),
            }
        });
        let endpoint = endpoint.pattern("^https?://");
        let endpoint = fields.optional(
            "endpoint",
            "The account's URL where it is in another of Azure's clouds. Terraform reaches no others.",
            &endpoint,
        );
        Some(StoreSpec::Azblob {
            account: account?,
            container: container?,
            prefix: prefix?,
            endpoint: endpoint.maybe()?,
        })
    }
}

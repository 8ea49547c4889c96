//! An image to be built, to Packer's template and the variables that it and the playbooks are given.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Files;
use super::inventory::yaml;
use crate::model::failure::{Failure, Result};
use crate::model::file::{ClusterFile, ImageSpec, Provisioning};
use crate::model::image::{Dialect, ImageHash};
use crate::model::provider::{Provider, tags};
use crate::render::Assets;

/// One image, with everything that is known when its build begins.
#[derive(Debug, Clone, Copy)]
pub struct ImageOrder<'a> {
    pub file: &'a ClusterFile,
    /// Its name in the cluster file.
    pub image: &'a str,
    pub spec: &'a ImageSpec,
    pub hash: &'a ImageHash,
    /// This run; digits.
    pub build: &'a str,
    /// The cloud's id of what it begins with.
    pub base: &'a str,
    /// The machine type that it is built on.
    pub machine: &'a str,
    pub assets: &'a Assets,
}

impl ImageOrder<'_> {
    /// The cloud's name of it, which no other one has.
    pub fn name(&self) -> String {
        format!("scaler-{}-{}-{}-{}", self.file.name, self.image, self.hash, self.build)
    }
}

const PLUGINS: &str = "plugins.pkr.hcl";

/// What of the playbooks goes into an image: the parts with the tags `prepare` and `install`.
const PLAYBOOKS: [&str; 3] = ["site.yml", "roles/prepare/", "roles/packages/"];

/// The files that make the image, by which it is known: Packer's template, and the playbooks' parts that it goes through.
pub fn image_files(assets: &Assets, provider: Provider, spec: &ImageSpec) -> Files {
    let provisioned = spec.provisioning == Provisioning::Ssh;
    let goes_in =
        |path: &str| PLAYBOOKS.iter().any(|part| path == *part || part.ends_with('/') && path.starts_with(part));
    let playbooks = assets.playbooks().iter().filter(|(path, _)| provisioned && goes_in(path));
    let mut files: Files = playbooks.map(|(path, content)| (format!("playbooks/{path}"), content.clone())).collect();
    for (name, content) in template(assets, provider, provisioned) {
        files.insert(format!("packer/{name}"), content);
    }
    files
}

/// What the builder does; which plugins it needs for that is no part of it.
fn template(assets: &Assets, provider: Provider, provisioned: bool) -> Files {
    let mut files = assets.template(provider);
    files.retain(|name, _| match name.as_str() {
        "source.pkr.hcl" => true,
        "provisioned.pkr.hcl" => provisioned,
        "plain.pkr.hcl" => !provisioned,
        _ => false,
    });
    files
}

/// The folder that Packer works in. None of it is a secret: the login is the environment's.
///
/// # Errors
/// Where there is no template for the provider, or a value would be read as one of Packer's own templates.
pub fn image(order: &ImageOrder, dialect: Dialect) -> Result<Files> {
    let provisioned = order.spec.provisioning == Provisioning::Ssh;
    let mut files = template(order.assets, order.file.provider, provisioned);
    if files.is_empty() {
        let provider = order.file.provider;
        return Err(Failure::refused(format!(
            "image `{}` cannot be built: there are no images of {provider}",
            order.image
        ))
        .hint("name an image by its id or family in the cluster file: `image: { family: ubuntu-24.04 }`"));
    }
    if dialect == Dialect::Plugins {
        files.extend(order.assets.template(order.file.provider).remove_entry(PLUGINS));
    }
    let variables = variables(order);
    refuse_templates(&variables)?;
    files.insert("image.auto.pkrvars.json".into(), pretty(&variables));
    if provisioned {
        for (path, content) in order.assets.playbooks() {
            files.insert(format!("playbooks/{path}"), content.clone());
        }
        files.insert("vars.yml".into(), yaml::write(&playbook_vars(order.file)));
    }
    Ok(files)
}

fn variables(order: &ImageOrder) -> Value {
    let file = order.file;
    let own = |more: &[(&str, &str)]| -> BTreeMap<String, String> {
        let all = [(tags::IMAGES_OF, file.name.as_str()), (tags::IMAGE, order.image), (tags::IMAGE_BUILD, order.build)];
        let own = all.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        file.tags.clone().into_iter().chain(own).collect()
    };
    let name = order.name();
    json!({
        "region": file.region,
        "endpoint": file.aws.endpoints.get("ec2").map(String::as_str).unwrap_or_default(),
        "name": name,
        "base": order.base,
        "machine": order.machine,
        "subnet": order.spec.subnet.as_deref().unwrap_or_default(),
        "communicator": match order.spec.provisioning {
            Provisioning::Ssh => "ssh",
            // What joins at boot is a pool's; the cluster file lets no image have it.
            Provisioning::None | Provisioning::Boot => "none",
        },
        "user": file.ssh.user,
        "admin_cidrs": file.network.admin_cidrs,
        "image_tags": own(&[("Name", &name), (tags::IMAGE_HASH, order.hash.as_str())]),
        "machine_tags": own(&[("Name", &format!("building {name}"))]),
    })
}

/// What `prepare` and `install` read of the whole run (playbooks/README.md).
fn playbook_vars(file: &ClusterFile) -> Value {
    json!({ "all": { "vars": {
        "scaler_cluster": file.name,
        "scaler_kubernetes_version": file.kubernetes.version.to_string(),
        "scaler_packages_mirror": file.kubernetes.packages,
    } } })
}

/// Packer reads a builder's texts as Go templates, some of them twice, so that no way of quoting holds.
fn refuse_templates(value: &Value) -> Result<()> {
    match value {
        Value::String(text) if text.contains("{{") => {
            Err(Failure::refused(format!("`{text}` cannot be given to Packer: it would read it as a template"))
                .hint("take the `{{` out of the cluster file"))
        }
        Value::Array(items) => items.iter().try_for_each(refuse_templates),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            refuse_templates(&Value::String(key.clone()))?;
            refuse_templates(value)
        }),
        _ => Ok(()),
    }
}

fn pretty(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// Whether images can be built there.
pub fn builds_images(provider: Provider) -> bool {
    provider == Provider::Aws
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file;
    use crate::model::image::Ingredients;
    use crate::render::Brought;

    const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: aws\nregion: eu-west-1\n\
        kubernetes: { version: 1.36.3, packages: 'https://mirror.example/core' }\n\
        store: { backend: local, path: store }\nssh: { publicKeyFile: key.pub }\n\
        network: { zones: [eu-west-1a], adminCidrs: [203.0.113.7/32] }\ntags: { team: platform }\n\
        images: { worker: { base: ubuntu-24.04, subnet: subnet-0a1b2c3d } }\n\
        pools: [{ name: workers, machine: t3.large, image: { build: worker }, count: 1 }]\n";

    /// Everything but the playbooks, which are the project's own files.
    fn rendered(text: &str, dialect: Dialect) -> Result<String> {
        let file = file::parse("f", text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
        let (spec, assets) = (&file.images["worker"], Assets::embedded());
        let hash = Ingredients::of(&file, spec, "x86_64", &BTreeMap::new()).hash();
        let order = ImageOrder {
            file: &file,
            image: "worker",
            spec,
            hash: &hash,
            build: "b1b2b3b4",
            base: "ami-0123456789abcdef0",
            machine: "t3.large",
            assets: &assets,
        };
        let files = image(&order, dialect)?;
        let own = files.iter().filter(|(name, _)| !name.starts_with("playbooks/"));
        Ok(own.map(|(name, text)| format!("=== {name}\n{}", String::from_utf8_lossy(text))).collect())
    }

    #[test]
    fn an_image_is_known_by_the_files_that_make_it_alone() {
        let file = file::parse("f", FILE, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
        let mut spec = file.images["worker"].clone();
        let all = image_files(&Assets::embedded(), Provider::Aws, &spec);
        for part in ["site.yml", "roles/prepare/tasks/main.yml", "roles/packages/tasks/debian.yml"] {
            assert!(all.contains_key(&format!("playbooks/{part}")), "{part}: {:?}", all.keys());
        }
        assert!(all.contains_key("packer/source.pkr.hcl") && all.contains_key("packer/provisioned.pkr.hcl"));
        let none = ["join", "README", "plain", "plugins"];
        assert!(!all.keys().any(|path| none.iter().any(|part| path.contains(part))), "{:?}", all.keys());
        let mut playbooks = Assets::embedded().playbooks().clone();
        for path in ["README.md", "roles/join/tasks/main.yml", "roles/prepared/x.yml"] {
            playbooks.insert(path.to_owned(), b"other".to_vec());
        }
        let changed = Assets::of(Brought { playbooks, ..Brought::default() }).unwrap();
        assert_eq!(image_files(&changed, Provider::Aws, &spec), all, "what is no part of it changes nothing");
        spec.provisioning = Provisioning::None;
        let plain = image_files(&Assets::embedded(), Provider::Aws, &spec);
        assert_eq!(plain.keys().collect::<Vec<_>>(), ["packer/plain.pkr.hcl", "packer/source.pkr.hcl"]);
    }

    #[test]
    fn packer_1_6_is_told_of_no_plugins() {
        let text = rendered(FILE, Dialect::Bundled).unwrap();
        assert!(!text.contains("required_plugins"), "{text}");
        insta::assert_snapshot!("packer-1.6", text);
    }

    #[test]
    fn packer_1_7_is_told_of_its_plugins() {
        let text = rendered(FILE, Dialect::Plugins).unwrap();
        let (bundled, plugins) = (rendered(FILE, Dialect::Bundled).unwrap(), text.clone());
        let extra: Vec<&str> = plugins.lines().filter(|line| !bundled.contains(line)).collect();
        insta::assert_snapshot!("packer-1.7", extra.join("\n"));
        assert!(text.contains("=== plugins.pkr.hcl"), "{text}");
    }

    #[test]
    fn a_base_that_is_taken_as_it_is_has_no_playbooks() {
        let plain = FILE.replace("base: ubuntu-24.04", "base: ubuntu-24.04, provisioning: none");
        let text = rendered(&plain, Dialect::Bundled).unwrap();
        assert!(text.contains("=== plain.pkr.hcl") && text.contains("\"communicator\": \"none\""), "{text}");
        assert!(!text.contains("ansible") && !text.contains("=== vars.yml"), "{text}");
    }

    #[test]
    fn what_packer_would_read_as_a_template_is_refused() {
        for value in [json!("{{ user `x` }}"), json!({ "a": ["b", "{{"] }), json!({ "{{": 1 })] {
            assert!(refuse_templates(&value).is_err(), "{value}");
        }
        assert!(refuse_templates(&json!({ "a": ["${b}", "{ {", "}}"] })).is_ok());
    }

    #[test]
    fn the_sandbox_has_no_images_to_build() {
        assert!(Assets::embedded().template(Provider::Sandbox).is_empty());
        for provider in Provider::ALL {
            assert_eq!(!Assets::embedded().template(provider).is_empty(), builds_images(provider), "{provider}");
        }
    }
}

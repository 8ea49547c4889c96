//! Images that are built: what goes into one, the hash that it is known by, and what is written down of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::{ClusterFile, ImageSpec, Provisioning};
use super::record::Format;

/// The folder of the store where they are written down.
pub const FOLDER: &str = "images/";

/// How many digits of the hash are kept: they stand in names and tags.
const DIGITS: usize = 16;

/// What tells two images apart. Which build of an operating system the base was is not among it: a newer one makes no
/// image wrong, and `build-image --rebuild` takes it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingredients {
    /// As the cluster file has it: a family, or the cloud's id of an image.
    pub base: String,
    /// As the cloud writes it, such as `x86_64`.
    pub architecture: String,
    /// The version of kubelet, kubeadm and kubectl; None where the base is taken as it is.
    pub kubernetes: Option<String>,
    /// The mirror of packages that the image goes on using.
    pub packages: Option<String>,
    /// Path → SHA-256 of the files that make it: Packer's template, and of the playbooks what they use; what those pin of
    /// the container runtime is in them.
    pub files: BTreeMap<String, String>,
}

impl Ingredients {
    /// `files` are those that make it (path → content).
    pub fn of(
        file: &ClusterFile,
        spec: &ImageSpec,
        architecture: &str,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Ingredients {
        let provisioned = spec.provisioning == Provisioning::Ssh;
        Ingredients {
            base: spec.base.clone(),
            architecture: architecture.to_owned(),
            kubernetes: provisioned.then(|| file.kubernetes.version.to_string()),
            packages: file.kubernetes.packages.clone().filter(|_| provisioned),
            files: files.iter().map(|(path, text)| (path.clone(), hex::encode(Sha256::digest(text)))).collect(),
        }
    }

    pub fn hash(&self) -> ImageHash {
        // Each text with its length before it: no two lists of ingredients are written the same.
        let mut digest = Sha256::new();
        let mut add = |text: &str| {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        };
        add(&self.base);
        add(&self.architecture);
        for optional in [&self.kubernetes, &self.packages] {
            add(if optional.is_some() { "some" } else { "none" });
            add(optional.as_deref().unwrap_or_default());
        }
        for (path, sha256) in &self.files {
            add(path);
            add(sha256);
        }
        let mut digits = hex::encode(digest.finalize());
        digits.truncate(DIGITS);
        ImageHash(digits)
    }
}

/// Of all that goes into an image; hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageHash(String);

impl ImageHash {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where images with this hash are written down; ends with a slash.
    pub fn folder(&self) -> String {
        format!("{FOLDER}{self}/")
    }
}

impl fmt::Display for ImageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An image that was built, as the store has it. Written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageRecord {
    pub format: Format,
    pub hash: ImageHash,
    /// The cloud's id.
    pub id: String,
    /// One of the cluster file's `images`.
    pub image: String,
    /// The cloud's name of it.
    pub name: String,
    pub account: String,
    pub region: String,
    /// When it was finished, by the clock of whoever built it.
    pub built: jiff::Timestamp,
    /// The image that the base was then, by the cloud's id.
    pub base: String,
    /// What the cloud keeps the image's content in, and what has to go with it.
    pub snapshots: Vec<String>,
    pub ingredients: Ingredients,
}

impl ImageRecord {
    pub fn key(&self) -> String {
        format!("{}{}.json", self.hash.folder(), self.id)
    }
}

/// What a Packer has to be told beside the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Packer 1.6: all that it can do is within, and a list of plugins is an error.
    Bundled,
    /// Packer 1.7 and later: it has to be told which plugins it needs.
    Plugins,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file;

    const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: aws\nregion: eu-west-1\n\
        kubernetes: { version: 1.36.3 }\nstore: { backend: local, path: store }\n\
        ssh: { publicKeyFile: key.pub }\nnetwork: { zones: [eu-west-1a], adminCidrs: [203.0.113.7/32] }\n\
        images: { worker: { base: ubuntu-24.04 } }\n\
        pools: [{ name: workers, machine: t3.large, image: { build: worker }, count: 1 }]\n";

    fn files() -> BTreeMap<String, Vec<u8>> {
        let paths = ["packer/source.pkr.hcl", "playbooks/site.yml"];
        paths.into_iter().map(|path| (path.to_owned(), path.as_bytes().to_vec())).collect()
    }

    fn hash(text: &str, architecture: &str, files: &BTreeMap<String, Vec<u8>>) -> ImageHash {
        let file = file::parse("f", text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
        Ingredients::of(&file, &file.images["worker"], architecture, files).hash()
    }

    #[test]
    fn a_hash_is_the_same_for_the_same_ingredients_and_no_others() {
        let same = hash(FILE, "x86_64", &files());
        assert_eq!(same.as_str().len(), DIGITS);
        // It is in stores: another one for the same ingredients would have every image built again.
        assert_eq!(same.as_str(), "d1377f4a976d6ddb");
        assert_eq!(hash(&FILE.replace("count: 1", "count: 7"), "x86_64", &files()), same, "no ingredient");

        let mut hashes = vec![same.clone(), hash(FILE, "arm64", &files())];
        for (from, to) in [
            ("1.36.3", "1.36.4"),
            ("base: ubuntu-24.04", "base: ubuntu-22.04"),
            ("base: ubuntu-24.04", "base: ami-0123456789abcdef0"),
            ("base: ubuntu-24.04", "base: ubuntu-24.04, provisioning: none"),
            ("version: 1.36.3", "version: 1.36.3, packages: 'https://mirror.example'"),
        ] {
            assert!(FILE.contains(from), "{from}");
            hashes.push(hash(&FILE.replace(from, to), "x86_64", &files()));
        }
        for path in files().into_keys() {
            let mut changed = files();
            changed.insert(path.clone(), b"other".to_vec());
            hashes.push(hash(FILE, "x86_64", &changed));
            changed.remove(&path);
            hashes.push(hash(FILE, "x86_64", &changed));
        }
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count, "two are the same");
    }
}

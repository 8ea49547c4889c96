//! The static files: embedded in the program, or from a folder of the user's.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

use crate::model::names::StackId;
use crate::model::provider::Provider;

static TERRAFORM: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/terraform");

/// Terraform's modules by path, such as `aws/pool/main.tf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    files: BTreeMap<String, Vec<u8>>,
}

impl Assets {
    /// Those that this program was built with.
    pub fn embedded() -> Assets {
        let mut files = BTreeMap::new();
        collect(&TERRAFORM, &mut files);
        Assets { files }
    }

    /// Files that a user brought (`--assets`), with paths below their folder `terraform`.
    pub fn of_files(files: BTreeMap<String, Vec<u8>>) -> Assets {
        Assets { files }
    }

    /// The module of a stack: file name → content. Empty if there is none for this provider.
    pub fn module(&self, provider: Provider, stack: &StackId) -> BTreeMap<String, Vec<u8>> {
        let kind = match stack {
            StackId::Foundation => "foundation",
            StackId::Pool(_) => "pool",
        };
        let folder = format!("{provider}/{kind}/");
        self.files
            .iter()
            .filter_map(|(path, content)| {
                let name = path.strip_prefix(&folder)?;
                (name.ends_with(".tf") && !name.contains('/')).then(|| (name.to_owned(), content.clone()))
            })
            .collect()
    }
}

fn collect(dir: &Dir<'_>, files: &mut BTreeMap<String, Vec<u8>>) {
    for file in dir.files() {
        files.insert(file.path().to_string_lossy().into_owned(), file.contents().to_vec());
    }
    for dir in dir.dirs() {
        collect(dir, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_that_can_be_rendered_has_both_modules() {
        for provider in [Provider::Aws, Provider::Sandbox] {
            for stack in [StackId::Foundation, StackId::Pool("w".into())] {
                let module = Assets::embedded().module(provider, &stack);
                assert!(module.contains_key("variables.tf"), "{provider} {stack}");
            }
        }
    }
}

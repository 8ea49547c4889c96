//! The static files: embedded in the program, or from a folder of the user's.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

use crate::model::failure::Result;
use crate::model::guard;
use crate::model::names::StackId;
use crate::model::provider::Provider;

static TERRAFORM: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/terraform");
static PACKER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/packer");
static PLAYBOOKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");

/// Terraform's modules by path, such as `aws/pool/main.tf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    files: BTreeMap<String, Vec<u8>>,
    playbooks: BTreeMap<String, Vec<u8>>,
}

impl Assets {
    /// Those that this program was built with.
    pub fn embedded() -> Assets {
        let mut files = BTreeMap::new();
        collect(&TERRAFORM, &mut files);
        Assets { files, playbooks: embedded_playbooks() }
    }

    /// Files that a user brought (`--assets`), with paths below their folder `terraform`. Refused unless every module
    /// among them is one that the guard lets through: Terraform never starts on another one.
    pub fn of_files(files: BTreeMap<String, Vec<u8>>) -> Result<Assets> {
        let assets = Assets { files, playbooks: embedded_playbooks() };
        for provider in Provider::ALL {
            for stack in [StackId::Foundation, StackId::Pool(String::new())] {
                let module = assets.below(provider, &stack);
                if !module.is_empty() {
                    guard::check_module(provider, &stack, &module)
                        .map_err(|violations| guard::module_refusal(&folder(provider, &stack), &violations))?;
                }
            }
        }
        Ok(assets)
    }

    /// The module of a stack: file name → content. Empty if there is none for this provider.
    pub fn module(&self, provider: Provider, stack: &StackId) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.below(provider, stack);
        files.retain(|name, _| name.ends_with(".tf") && !name.contains('/'));
        files
    }

    /// Ansible's playbooks: path below their folder → content.
    pub fn playbooks(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.playbooks
    }

    /// Packer's template for images of this provider: file name → content. Empty if there is none.
    pub fn template(&self, provider: Provider) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&PACKER, &mut files);
        let folder = format!("{provider}/");
        let named = |(path, content): (String, Vec<u8>)| Some((path.strip_prefix(&folder)?.to_owned(), content));
        files.into_iter().filter_map(named).collect()
    }

    /// Other playbooks than the program's own, where a user brought some.
    pub fn with_playbooks(self, playbooks: BTreeMap<String, Vec<u8>>) -> Assets {
        match playbooks.is_empty() {
            true => self,
            false => Assets { playbooks, ..self },
        }
    }

    /// Everything in the folder of a module.
    fn below(&self, provider: Provider, stack: &StackId) -> BTreeMap<String, Vec<u8>> {
        let folder = folder(provider, stack);
        let named =
            |(path, content): (&String, &Vec<u8>)| Some((path.strip_prefix(&folder)?.to_owned(), content.clone()));
        self.files.iter().filter_map(named).collect()
    }
}

/// Where a module lies, with a slash at the end.
fn folder(provider: Provider, stack: &StackId) -> String {
    let kind = match stack {
        StackId::Foundation => "foundation",
        StackId::Pool(_) => "pool",
    };
    format!("{provider}/{kind}/")
}

fn embedded_playbooks() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(&PLAYBOOKS, &mut files);
    files.retain(|path, _| !path.ends_with(".pyc"));
    files
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
    fn the_embedded_modules_are_let_through_and_edited_ones_are_not() {
        let mut files = Assets::embedded().files;
        assert_eq!(Assets::of_files(files.clone()), Ok(Assets::embedded()));
        files.insert("aws/pool/more.tf".into(), b"data \"aws_ami\" \"x\" {}\n".to_vec());
        let refused = Assets::of_files(files).unwrap_err();
        assert!(refused.what.contains("terraform/aws/pool/"), "{refused}");
        assert_eq!(refused.causes, ["more.tf: a block `data` has no place in a module of scaler"]);
    }

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

//! The static files: embedded in the program, or from a folder of the user's.

use include_dir::{Dir, include_dir};

use super::Files;
use crate::model::failure::Result;
use crate::model::guard;
use crate::model::names::StackId;
use crate::model::provider::Provider;

static TERRAFORM: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/terraform");
static PACKER: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/packer");
static PLAYBOOKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");

/// What Terraform, Ansible and Packer are given beside variables: by path below the folder of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    terraform: Files,
    playbooks: Files,
    packer: Files,
}

/// What a user brought (`--assets`), with paths below the folder of each kind. Of a kind that is empty the program's own
/// is taken.
#[derive(Debug, Default)]
pub struct Brought {
    /// Such as `aws/pool/main.tf`.
    pub terraform: Files,
    pub playbooks: Files,
    /// Such as `aws/source.pkr.hcl`.
    pub packer: Files,
}

impl Assets {
    /// Those that this program was built with.
    pub fn embedded() -> Assets {
        let mut playbooks = collected(&PLAYBOOKS);
        playbooks.retain(|path, _| !path.ends_with(".pyc"));
        Assets { terraform: collected(&TERRAFORM), playbooks, packer: collected(&PACKER) }
    }

    /// # Errors
    /// Refused unless every module of Terraform's among them is one that the guard lets through: Terraform never starts on
    /// another one.
    pub fn of(brought: Brought) -> Result<Assets> {
        let own = Assets::embedded();
        let or = |brought: Files, own| if brought.is_empty() { own } else { brought };
        let assets = Assets {
            terraform: or(brought.terraform, own.terraform),
            playbooks: or(brought.playbooks, own.playbooks),
            packer: or(brought.packer, own.packer),
        };
        for provider in Provider::ALL {
            for stack in [StackId::Foundation, StackId::Pool(String::new())] {
                let module = below(&assets.terraform, &folder(provider, &stack));
                if !module.is_empty() {
                    guard::check_module(provider, &stack, &module)
                        .map_err(|violations| guard::module_refusal(&folder(provider, &stack), &violations))?;
                }
            }
        }
        Ok(assets)
    }

    /// The module of a stack: file name → content. Empty if there is none for this provider.
    pub fn module(&self, provider: Provider, stack: &StackId) -> Files {
        let mut files = below(&self.terraform, &folder(provider, stack));
        files.retain(|name, _| name.ends_with(".tf") && !name.contains('/'));
        files
    }

    /// Ansible's playbooks: path below their folder → content.
    pub fn playbooks(&self) -> &Files {
        &self.playbooks
    }

    /// Packer's template for images of this provider: file name → content. Empty if there is none.
    pub fn template(&self, provider: Provider) -> Files {
        below(&self.packer, &format!("{provider}/"))
    }
}

/// Everything in a folder, which has a slash at its end.
fn below(files: &Files, folder: &str) -> Files {
    let named = |(path, content): (&String, &Vec<u8>)| Some((path.strip_prefix(folder)?.to_owned(), content.clone()));
    files.iter().filter_map(named).collect()
}

/// Where a module lies, with a slash at the end.
fn folder(provider: Provider, stack: &StackId) -> String {
    let kind = match stack {
        StackId::Foundation => "foundation",
        StackId::Pool(_) => "pool",
    };
    format!("{provider}/{kind}/")
}

fn collected(dir: &Dir<'_>) -> Files {
    let mut files: Files = dir.dirs().flat_map(collected).collect();
    files.extend(dir.files().map(|file| (file.path().to_string_lossy().into_owned(), file.contents().to_vec())));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_modules_are_let_through_and_edited_ones_are_not() {
        let mut terraform = Assets::embedded().terraform;
        let of = |terraform: &Files| Assets::of(Brought { terraform: terraform.clone(), ..Brought::default() });
        assert_eq!(of(&terraform), Ok(Assets::embedded()));
        terraform.insert("aws/pool/more.tf".into(), b"data \"aws_ami\" \"x\" {}\n".to_vec());
        let refused = of(&terraform).unwrap_err();
        assert!(refused.what.contains("terraform/aws/pool/"), "{refused}");
        assert_eq!(refused.causes, ["more.tf: a block `data` has no place in a module of scaler"]);
    }

    #[test]
    fn what_nobody_brought_is_the_programs_own() {
        let own = Assets::embedded();
        let files = Files::from([("site.yml".to_owned(), b"x".to_vec()), ("aws/source.pkr.hcl".into(), b"y".to_vec())]);
        let playbooks = Assets::of(Brought { playbooks: files.clone(), ..Brought::default() }).unwrap();
        assert_eq!(playbooks, Assets { playbooks: files.clone(), ..own.clone() });
        let packer = Assets::of(Brought { packer: files, ..Brought::default() }).unwrap();
        assert_eq!(packer.template(Provider::Aws).into_keys().collect::<Vec<_>>(), ["source.pkr.hcl"]);
        assert_eq!(packer.playbooks(), own.playbooks());
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

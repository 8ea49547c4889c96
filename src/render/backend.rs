//! Terraform's backend, in the same place as the cluster's record.

use std::borrow::Cow;

use tera::Context;

use super::template;
use crate::model::azure::Cloud;
use crate::model::failure::{Failure, Result};
use crate::model::file::StoreSpec;
use crate::model::names::StackId;

/// Where the states lie, with everything that the cluster file leaves to defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    S3 {
        bucket: String,
        prefix: String,
        region: String,
        endpoint: Option<String>,
        path_style: bool,
        profile: Option<String>,
    },
    Azblob {
        account: String,
        container: String,
        prefix: String,
        cloud: Cloud,
    },
    /// An absolute folder.
    Local {
        path: String,
    },
    /// None: the state that Terraform's own folder has, which is empty and goes with it.
    Beside,
}

impl Backend {
    /// `folder` is the store's folder, absolute, for a local store.
    pub fn of_store(store: &StoreSpec, region: &str, profile: Option<&str>, folder: &str) -> Result<Backend> {
        match store {
            StoreSpec::S3 { bucket, prefix, region: own, endpoint, path_style } => Ok(Backend::S3 {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                region: own.as_deref().unwrap_or(region).to_owned(),
                endpoint: endpoint.clone(),
                path_style: *path_style,
                profile: profile.map(str::to_owned),
            }),
            StoreSpec::Local { .. } => Ok(Backend::Local { path: folder.to_owned() }),
            StoreSpec::Azblob { account, container, prefix, endpoint } => Ok(Backend::Azblob {
                account: account.clone(),
                container: container.clone(),
                prefix: prefix.clone(),
                cloud: Cloud::of_endpoint(account, endpoint.as_deref()).ok_or_else(|| elsewhere(account, endpoint))?,
            }),
        }
    }

    /// The backend of a plan that is only looked at. Terraform's `azurerm` writes an empty state where there is none,
    /// also for a plan (its `StateMgr`, in Terraform and OpenTofu): a stack without a state is planned beside the store.
    pub fn to_look_at(&self, has_state: bool) -> Cow<'_, Backend> {
        match self {
            Backend::Azblob { .. } if !has_state => Cow::Owned(Backend::Beside),
            _ => Cow::Borrowed(self),
        }
    }

    /// The file `backend.tf` of a stack.
    pub(super) fn file(&self, stack: &StackId) -> Result<Vec<u8>> {
        let mut values = Context::new();
        match self {
            Backend::S3 { bucket, prefix, region, endpoint, path_style, profile } => {
                values.insert("backend", "s3");
                values.insert("bucket", bucket);
                values.insert("key", &key(prefix, stack));
                values.insert("region", region);
                values.insert("endpoint", endpoint);
                values.insert("path_style", path_style);
                values.insert("profile", profile);
            }
            // Whose access it is comes by the environment alone: a rendered file holds no login.
            Backend::Azblob { account, container, prefix, cloud } => {
                values.insert("backend", "azurerm");
                values.insert("account", account);
                values.insert("container", container);
                values.insert("key", &key(prefix, stack));
                values.insert("environment", cloud.terraform_name());
            }
            Backend::Beside => {
                values.insert("backend", "local");
                values.insert("key", "terraform.tfstate");
            }
            Backend::Local { path } => {
                values.insert("backend", "local");
                values.insert("key", &key(path, stack));
            }
        }
        template::render("backend.tf", &values)
    }
}

/// Terraform's `azurerm` backend makes the address from the account's name, and takes no other.
fn elsewhere(account: &str, endpoint: &Option<String>) -> Failure {
    let hosts: Vec<String> =
        Cloud::ALL.into_iter().map(|cloud| format!("https://{account}.blob.{}", cloud.suffix())).collect();
    Failure::refused(format!("Terraform cannot keep its states at {}", endpoint.as_deref().unwrap_or_default()))
        .because("its azurerm backend reaches a storage account under Azure's own addresses alone")
        .hint(format!("leave `endpoint` of the store out, or write one of {}", hosts.join(", ")))
}

fn key(prefix: &str, stack: &StackId) -> String {
    let state = stack.state_key();
    if prefix.is_empty() { state } else { format!("{prefix}/{state}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Kind;

    fn azblob(endpoint: Option<&str>) -> Result<Backend> {
        let store = StoreSpec::Azblob {
            account: "acme".into(),
            container: "clusters".into(),
            prefix: "team/demo".into(),
            endpoint: endpoint.map(Into::into),
        };
        Backend::of_store(&store, "westeurope", None, "")
    }

    fn file(backend: &Backend) -> String {
        String::from_utf8(backend.file(&StackId::Pool("w".into())).unwrap()).unwrap()
    }

    #[test]
    fn a_state_in_azure_lies_beside_the_record_and_its_file_has_no_login() {
        insta::assert_snapshot!(file(&azblob(None).unwrap()), @r#"
        # Where this stack's state lies. Written by scaler; values are literal.
        terraform {
          backend "azurerm" {
            storage_account_name = "acme"
            container_name       = "clusters"
            key                  = "team/demo/terraform/pool-w.tfstate"
            environment          = "public"
          }
        }
        "#);
        let government = azblob(Some("https://acme.blob.core.usgovcloudapi.net")).unwrap();
        assert!(file(&government).contains("environment          = \"usgovernment\""));
    }

    #[test]
    fn an_address_that_terraform_cannot_reach_is_refused() {
        for endpoint in ["http://127.0.0.1:10000/acme", "https://other.blob.core.windows.net"] {
            let failure = azblob(Some(endpoint)).unwrap_err();
            assert!(failure.kind == Kind::Refused && failure.what.contains(endpoint), "{failure:?}");
            assert!(failure.hints[0].contains("https://acme.blob.core.windows.net"), "{failure:?}");
        }
    }

    #[test]
    fn a_look_at_a_stack_without_a_state_makes_none() {
        let azure = azblob(None).unwrap();
        assert_eq!(azure.to_look_at(true).as_ref(), &azure);
        assert!(file(&azure.to_look_at(false)).contains("backend \"local\""));
        let folder = Backend::Local { path: "/store".into() };
        assert_eq!(folder.to_look_at(false).as_ref(), &folder);
    }
}

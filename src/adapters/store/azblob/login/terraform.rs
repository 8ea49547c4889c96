//! The same login for Terraform's `azurerm` backend: by its environment, and never as a token, which would end in the
//! middle of a long operation. Variables:
//! <https://developer.hashicorp.com/terraform/language/backend/azurerm>.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::Login;

/// Ways in that the backend would take before, or beside, the one that is meant.
const OTHERS: [&str; 12] = [
    "ARM_SAS_TOKEN",
    "ARM_ACCESS_KEY",
    "ARM_USE_AZUREAD",
    "ARM_USE_CLI",
    "ARM_USE_MSI",
    "ARM_USE_OIDC",
    "ARM_USE_AKS_WORKLOAD_IDENTITY",
    "ARM_CLIENT_CERTIFICATE",
    "ARM_CLIENT_CERTIFICATE_PATH",
    "ARM_CLIENT_SECRET_FILE_PATH",
    "ARM_CLIENT_ID_FILE_PATH",
    "ARM_OIDC_TOKEN",
];

/// Who the backend would log in as. Left alone where it logs in with a SAS token or a key.
const IDENTITY: [&str; 4] = ["ARM_TENANT_ID", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_OIDC_TOKEN_FILE_PATH"];

impl Login {
    /// Makes it the one login that an environment has for the backend.
    pub fn tell_terraform(&self, environment: &mut BTreeMap<OsString, OsString>) {
        for name in OTHERS {
            environment.remove(&OsString::from(name));
        }
        let identity = !matches!(self, Login::Sas(_) | Login::Key(_));
        for name in IDENTITY.into_iter().filter(|name| identity && (self != &Login::Cli || *name != "ARM_TENANT_ID")) {
            environment.remove(&OsString::from(name));
        }
        let mut set = |name: &str, value: &str| environment.insert(name.into(), value.into());
        if identity {
            set("ARM_USE_AZUREAD", "true");
            set("ARM_USE_CLI", if self == &Login::Cli { "true" } else { "false" });
        }
        match self {
            Login::Sas(token) => {
                set("ARM_SAS_TOKEN", token.secret());
            }
            Login::Key(key) => {
                set("ARM_ACCESS_KEY", key.secret());
            }
            Login::Principal { tenant, client, secret } => {
                set("ARM_TENANT_ID", tenant);
                set("ARM_CLIENT_ID", client);
                set("ARM_CLIENT_SECRET", secret.secret());
            }
            Login::Workload { tenant, client, token_file } => {
                set("ARM_TENANT_ID", tenant);
                set("ARM_CLIENT_ID", client);
                set("ARM_USE_OIDC", "true");
                environment.insert("ARM_OIDC_TOKEN_FILE_PATH".into(), token_file.clone().into_os_string());
            }
            Login::Managed { client } => {
                set("ARM_USE_MSI", "true");
                if let Some(client) = client {
                    set("ARM_CLIENT_ID", client);
                }
            }
            Login::Cli => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use azure_core::credentials::Secret;

    use super::*;

    fn told(login: &Login, before: &[(&str, &str)]) -> Vec<String> {
        let mut environment = before.iter().map(|(name, value)| (name.into(), value.into())).collect();
        login.tell_terraform(&mut environment);
        environment.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect()
    }

    #[test]
    fn a_token_or_a_key_goes_under_terraforms_name() {
        let before = [("AZURE_STORAGE_KEY", "k"), ("ARM_ACCESS_KEY", "old"), ("ARM_USE_MSI", "true"), ("PATH", "/bin")];
        assert_eq!(
            told(&Login::Sas(Secret::new("sig=x")), &before),
            ["ARM_SAS_TOKEN=sig=x", "AZURE_STORAGE_KEY=k", "PATH=/bin"]
        );
        assert_eq!(told(&Login::Key(Secret::new("k")), &[]), ["ARM_ACCESS_KEY=k"]);
    }

    #[test]
    fn an_identity_is_told_in_a_form_that_can_be_refreshed() {
        let workload = Login::Workload { tenant: "t".into(), client: "c".into(), token_file: "/var/token".into() };
        assert_eq!(
            told(&workload, &[("ARM_OIDC_TOKEN", "old"), ("ARM_SAS_TOKEN", "old"), ("ARM_CLIENT_SECRET", "old")]),
            [
                "ARM_CLIENT_ID=c",
                "ARM_OIDC_TOKEN_FILE_PATH=/var/token",
                "ARM_TENANT_ID=t",
                "ARM_USE_AZUREAD=true",
                "ARM_USE_CLI=false",
                "ARM_USE_OIDC=true"
            ]
        );
        let principal = Login::Principal { tenant: "t".into(), client: "c".into(), secret: Secret::new("s") };
        assert_eq!(
            told(&principal, &[("ARM_USE_OIDC", "true")]),
            ["ARM_CLIENT_ID=c", "ARM_CLIENT_SECRET=s", "ARM_TENANT_ID=t", "ARM_USE_AZUREAD=true", "ARM_USE_CLI=false"]
        );
        assert_eq!(
            told(&Login::Managed { client: None }, &[]),
            ["ARM_USE_AZUREAD=true", "ARM_USE_CLI=false", "ARM_USE_MSI=true"]
        );
        assert_eq!(
            told(&Login::Cli, &[("ARM_TENANT_ID", "t"), ("ARM_CLIENT_ID", "c")]),
            ["ARM_TENANT_ID=t", "ARM_USE_AZUREAD=true", "ARM_USE_CLI=true"]
        );
    }
}

//! Whose access to Azure it is.
//!
//! The order is ours, and fixed: what is named more exactly comes first, and nothing is tried in turn, so a login that
//! is wrong fails by its name instead of falling through to another one. Variables are those of Azure's own tools
//! (`AZURE_*`) and of Terraform (`ARM_*`); where both are set, `AZURE_*` counts.

mod credential;
mod ends;
mod given;
mod terraform;

use std::path::PathBuf;

use azure_core::credentials::Secret;

use given::{Family, Given};

use crate::model::failure::{Failure, Result};

/// One way in. Secrets show as such in `Debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A shared access signature, without `?`.
    Sas(Secret),
    /// The storage account's key, base64.
    Key(Secret),
    /// A service principal with its secret.
    Principal { tenant: String, client: String, secret: Secret },
    /// A token of another issuer, kept fresh in a file: workload identity.
    Workload { tenant: String, client: String, token_file: PathBuf },
    /// The identity of the machine, or one of several by its client id.
    Managed { client: Option<String> },
    /// Whoever is logged in to `az`.
    Cli,
}

impl Login {
    /// Chooses by the environment. `variable` gives the value of one that is set and not empty.
    pub fn choose(variable: impl Fn(&str) -> Option<String>) -> Result<Login> {
        let first = |names: [&str; 2]| names.into_iter().find_map(&variable);
        if let Some(sas) = first(["AZURE_STORAGE_SAS_TOKEN", "ARM_SAS_TOKEN"]) {
            return Ok(Login::Sas(Secret::new(sas.trim_start_matches('?').to_owned())));
        }
        if let Some(key) = first(["AZURE_STORAGE_KEY", "ARM_ACCESS_KEY"]) {
            return Ok(Login::Key(Secret::new(key)));
        }
        let given = [Family::Azure, Family::Arm].map(|family| Given::of(family, &variable));
        for given in &given {
            if let Some(secret) = &given.secret {
                let (tenant, client) = given.identity(given.family.secret())?;
                return Ok(Login::Principal { tenant, client, secret: Secret::new(secret.clone()) });
            }
        }
        for given in &given {
            if let Some(file) = &given.token_file {
                let (tenant, client) = given.identity(given.family.token_file())?;
                return Ok(Login::Workload { tenant, client, token_file: PathBuf::from(file) });
            }
        }
        if variable("IDENTITY_ENDPOINT").is_some() {
            return Err(no_metadata_service());
        }
        if given::is_true(variable("ARM_USE_MSI")) {
            let client = given.into_iter().find_map(|given| given.client);
            return Ok(Login::Managed { client });
        }
        Ok(Login::Cli)
    }

    /// For people.
    pub fn name(&self) -> &'static str {
        match self {
            Login::Sas(_) => "the SAS token",
            Login::Key(_) => "the storage account's key",
            Login::Principal { .. } => "the service principal",
            Login::Workload { .. } => "the workload identity",
            Login::Managed { .. } => "the managed identity",
            Login::Cli => "the login of `az`",
        }
    }
}

/// A login that is named, and not complete.
fn incomplete(set: &str, missing: &str) -> Failure {
    Failure::failed(format!("the login for Azure is not complete: {set} is set, and {missing} is not"))
        .hint(format!("set {missing} too, or unset {set} to log in another way"))
}

/// Terraform's `azurerm` backend asks a virtual machine's metadata service alone: half of what an operation
/// needs would have no access.
fn no_metadata_service() -> Failure {
    Failure::failed("the managed identity of this place cannot be used: IDENTITY_ENDPOINT is set")
        .because("App Service, Container Apps and Azure Arc hand it out in their own ways, which Terraform's azurerm backend does not know")
        .hint("name another login (workload identity, service principal), or run on a virtual machine or a node with the identity, with ARM_USE_MSI=true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(variables: &[(&str, &str)]) -> Result<Login> {
        Login::choose(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    const PRINCIPAL: [(&str, &str); 3] =
        [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_SECRET", "hidden")];

    #[test]
    fn what_is_named_more_exactly_comes_first() {
        let mut variables = vec![("ARM_USE_MSI", "true")];
        assert_eq!(choose(&variables), Ok(Login::Managed { client: None }));
        variables.extend([("ARM_TENANT_ID", "t"), ("ARM_CLIENT_ID", "c"), ("ARM_OIDC_TOKEN_FILE_PATH", "/t")]);
        let workload = Login::Workload { tenant: "t".into(), client: "c".into(), token_file: "/t".into() };
        assert_eq!(choose(&variables), Ok(workload));
        variables.extend(PRINCIPAL);
        let principal = Login::Principal { tenant: "t".into(), client: "c".into(), secret: Secret::new("hidden") };
        assert_eq!(choose(&variables), Ok(principal));
        variables.push(("ARM_ACCESS_KEY", "a2V5"));
        assert_eq!(choose(&variables), Ok(Login::Key(Secret::new("a2V5"))));
        variables.push(("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=x"));
        assert_eq!(choose(&variables), Ok(Login::Sas(Secret::new("sv=1&sig=x"))));
    }

    #[test]
    fn with_nothing_it_is_az() {
        assert_eq!(choose(&[]), Ok(Login::Cli));
        assert_eq!(choose(&[("ARM_USE_MSI", "false"), ("AZURE_CLIENT_ID", "c")]), Ok(Login::Cli));
    }

    #[test]
    fn a_managed_identity_is_told_by_its_client() {
        let login = choose(&[("ARM_USE_MSI", "true"), ("AZURE_CLIENT_ID", "c")]);
        assert_eq!(login, Ok(Login::Managed { client: Some("c".into()) }));
    }

    #[test]
    fn an_identity_that_terraform_cannot_have_is_refused() {
        let failure = choose(&[("IDENTITY_ENDPOINT", "http://x"), ("ARM_USE_MSI", "true")]).unwrap_err();
        assert!(failure.what.contains("IDENTITY_ENDPOINT is set"), "{failure:?}");
        let mut named = PRINCIPAL.to_vec();
        named.push(("IDENTITY_ENDPOINT", "http://x"));
        assert!(matches!(choose(&named), Ok(Login::Principal { .. })), "what is named more exactly comes first");
    }

    #[test]
    fn half_a_login_is_named_instead_of_passed_over() {
        let failure = choose(&[("AZURE_CLIENT_SECRET", "hidden"), ("AZURE_CLIENT_ID", "c")]).unwrap_err();
        assert!(failure.what.contains("AZURE_CLIENT_SECRET is set, and AZURE_TENANT_ID is not"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("hidden"));
        let failure = choose(&[("ARM_OIDC_TOKEN_FILE_PATH", "/t"), ("ARM_TENANT_ID", "t")]).unwrap_err();
        assert!(failure.what.contains("ARM_CLIENT_ID is not"), "{failure:?}");
    }

    #[test]
    fn no_secret_shows_in_debug() {
        for variables in [&PRINCIPAL[..], &[("ARM_ACCESS_KEY", "hidden")], &[("ARM_SAS_TOKEN", "sig=hidden")]] {
            assert!(!format!("{:?}", choose(variables).unwrap()).contains("hidden"));
        }
    }
}

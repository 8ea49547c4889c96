//! Tokens of Entra ID. Each kind of login asks for a new one before the old one ends.

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::ClientOptions;
use azure_identity::{
    AzureCliCredential, ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};

use super::Login;
use crate::model::failure::{Failure, Result};

impl Login {
    /// None for a SAS token and a key, which are no identities. Nothing is asked of Azure here.
    pub fn credential(&self, options: ClientOptions) -> Result<Option<Arc<dyn TokenCredential>>> {
        let made: azure_core::Result<Arc<dyn TokenCredential>> = match self {
            Login::Sas(_) | Login::Key(_) => return Ok(None),
            Login::Principal { tenant, client, secret } => {
                let options = ClientSecretCredentialOptions { client_options: options };
                ClientSecretCredential::new(tenant, client.clone(), secret.clone(), Some(options)).map(|made| made as _)
            }
            Login::Workload { tenant, client, token_file } => {
                WorkloadIdentityCredential::new(Some(WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options: options },
                    client_id: Some(client.clone()),
                    tenant_id: Some(tenant.clone()),
                    token_file_path: Some(token_file.clone()),
                }))
                .map(|made| made as _)
            }
            Login::Managed { client } => ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                user_assigned_id: client.clone().map(UserAssignedId::ClientId),
                client_options: options,
            }))
            .map(|made| made as _),
            Login::Cli => AzureCliCredential::new(None).map(|made| made as _),
        };
        made.map(Some).map_err(|error| {
            Failure::failed(format!("{} cannot be used for Azure", self.name()))
                .because(error.to_string())
                .hint("see the variables that name it: README.md lists them, in the order in which they count")
        })
    }
}

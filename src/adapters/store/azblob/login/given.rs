//! What one family of variables says of an identity of Entra ID.

use super::incomplete;
use crate::model::failure::Result;

/// Whose names they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Azure's SDKs and its webhook for workload identity.
    Azure,
    /// Terraform's.
    Arm,
}

impl Family {
    fn tenant(self) -> &'static str {
        match self {
            Family::Azure => "AZURE_TENANT_ID",
            Family::Arm => "ARM_TENANT_ID",
        }
    }

    fn client(self) -> &'static str {
        match self {
            Family::Azure => "AZURE_CLIENT_ID",
            Family::Arm => "ARM_CLIENT_ID",
        }
    }

    pub fn secret(self) -> &'static str {
        match self {
            Family::Azure => "AZURE_CLIENT_SECRET",
            Family::Arm => "ARM_CLIENT_SECRET",
        }
    }

    pub fn token_file(self) -> &'static str {
        match self {
            Family::Azure => "AZURE_FEDERATED_TOKEN_FILE",
            Family::Arm => "ARM_OIDC_TOKEN_FILE_PATH",
        }
    }
}

/// The variables of one family; an empty one counts as none. Never shown: one of them is a secret.
pub struct Given {
    pub family: Family,
    tenant: Option<String>,
    pub client: Option<String>,
    pub secret: Option<String>,
    pub token_file: Option<String>,
}

impl Given {
    pub fn of(family: Family, variable: impl Fn(&str) -> Option<String>) -> Given {
        Given {
            family,
            tenant: variable(family.tenant()),
            client: variable(family.client()),
            secret: variable(family.secret()),
            token_file: variable(family.token_file()),
        }
    }

    /// Tenant and client, which the variable `proof` makes no sense without.
    pub fn identity(&self, proof: &str) -> Result<(String, String)> {
        let part = |value: &Option<String>, name: &str| value.clone().ok_or_else(|| incomplete(proof, name));
        Ok((part(&self.tenant, self.family.tenant())?, part(&self.client, self.family.client())?))
    }
}

/// As Terraform reads a switch.
pub fn is_true(value: Option<String>) -> bool {
    value.is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "t"))
}

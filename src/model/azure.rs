//! What is known of Azure without asking it.

/// One of Azure's separate clouds, each with endpoints and logins of its own
/// (<https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-endpoints>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    Public,
    UsGovernment,
    China,
}

impl Cloud {
    pub const ALL: [Cloud; 3] = [Cloud::Public, Cloud::UsGovernment, Cloud::China];

    /// The cloud whose own address of this storage account the endpoint is; without an endpoint it is the public one.
    /// None: it is some other server.
    pub fn of_endpoint(account: &str, endpoint: Option<&str>) -> Option<Cloud> {
        let Some(endpoint) = endpoint else { return Some(Cloud::Public) };
        let host = endpoint.strip_prefix("https://")?;
        Cloud::ALL.into_iter().find(|cloud| host == format!("{account}.blob.{}", cloud.suffix()))
    }

    /// The end of every storage account's host name.
    pub fn suffix(self) -> &'static str {
        match self {
            Cloud::Public => "core.windows.net",
            Cloud::UsGovernment => "core.usgovcloudapi.net",
            Cloud::China => "core.chinacloudapi.cn",
        }
    }

    /// The name that Terraform's `azurerm` backend has for it.
    pub fn terraform_name(self) -> &'static str {
        match self {
            Cloud::Public => "public",
            Cloud::UsGovernment => "usgovernment",
            Cloud::China => "china",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_tells_the_cloud() {
        for (endpoint, cloud) in [
            (None, Some(Cloud::Public)),
            (Some("https://acme.blob.core.windows.net"), Some(Cloud::Public)),
            (Some("https://acme.blob.core.usgovcloudapi.net"), Some(Cloud::UsGovernment)),
            (Some("https://acme.blob.core.chinacloudapi.cn"), Some(Cloud::China)),
            (Some("https://other.blob.core.windows.net"), None),
            (Some("http://acme.blob.core.windows.net"), None),
            (Some("http://127.0.0.1:10000/acme"), None),
        ] {
            assert_eq!(Cloud::of_endpoint("acme", endpoint), cloud, "{endpoint:?}");
        }
    }
}

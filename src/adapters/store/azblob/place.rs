//! Where in Azure a store lies.

use azure_core::cloud::CloudConfiguration;
use azure_core::http::Url;

use crate::model::azure::Cloud;
use crate::model::failure::{Failure, Result};

/// A container of a storage account, or a folder within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub container: String,
    /// Without slashes at its ends; empty for the whole container.
    pub prefix: String,
    /// Where the account is, if it is not `https://ACCOUNT.blob.core.windows.net`. Without a slash at its end.
    pub endpoint: Option<String>,
}

impl Place {
    /// The URL of the account. What crosses a network is encrypted: plain `http` is for this machine alone.
    pub fn url(&self) -> Result<Url> {
        let text = self.endpoint_text();
        let url = Url::parse(&text).map_err(|error| {
            Failure::failed(format!("{text:?} is no URL of a storage account: {error}"))
                .hint("see `account` and `endpoint` of the store")
        })?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Failure::refused(format!("the store's endpoint {} is not encrypted", self.endpoint_text()))
                .because("record, states and login would cross the network as plain text")
                .hint("write https:// in the store's `endpoint`; http:// is for servers on this very machine"));
        }
        Ok(url)
    }

    /// The cloud whose logins the account takes.
    pub fn cloud(&self) -> CloudConfiguration {
        match Cloud::of_endpoint(&self.account, self.endpoint.as_deref()) {
            Some(Cloud::UsGovernment) => CloudConfiguration::AzureGovernment,
            Some(Cloud::China) => CloudConfiguration::AzureChina,
            Some(Cloud::Public) | None => CloudConfiguration::AzurePublic,
        }
    }

    /// For people.
    pub fn endpoint_text(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("https://{}.blob.core.windows.net", self.account))
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Kind;

    fn place(endpoint: Option<&str>) -> Place {
        Place {
            account: "acme".into(),
            container: "clusters".into(),
            prefix: String::new(),
            endpoint: endpoint.map(Into::into),
        }
    }

    #[test]
    fn an_account_has_its_own_host() {
        assert_eq!(place(None).url().unwrap().as_str(), "https://acme.blob.core.windows.net/");
        let local = place(Some("http://127.0.0.1:10000/acme"));
        assert_eq!(local.url().unwrap().as_str(), "http://127.0.0.1:10000/acme");
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for endpoint in ["http://localhost:1", "http://[::1]:1/acme", "http://127.4.5.6"] {
            assert!(place(Some(endpoint)).url().is_ok(), "{endpoint}");
        }
        for endpoint in ["http://acme.blob.core.windows.net", "http://127.0.0.1.example.com", "http://10.0.0.1"] {
            let failure = place(Some(endpoint)).url().unwrap_err();
            assert_eq!(failure.kind, Kind::Refused, "{endpoint}");
        }
    }
}

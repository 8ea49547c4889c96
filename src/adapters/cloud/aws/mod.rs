//! AWS, through its SDK: EC2 for machines and images, STS for whose login this is.

mod bucket;
mod built;
pub(in crate::adapters) mod date;
pub(in crate::adapters) mod errors;
mod images;
mod inventory;
mod login;
#[cfg(test)]
pub(in crate::adapters) mod moto;
#[cfg(test)]
mod policies;
mod probe;
pub(in crate::adapters) mod profile;
mod shapes;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tracing::debug;

use crate::model::failure::{Failure, Result};
use crate::model::file::Image;
use crate::model::kubernetes::Resources;
use crate::model::machine::{Machine, Place, Sighting};
use crate::ops::ports::Cloud;

pub use bucket::Bucket;
pub use login::login;

/// One account and region of AWS, through one login.
pub struct Aws {
    ec2: aws_sdk_ec2::Client,
    sts: aws_sdk_sts::Client,
    credentials: Option<SharedCredentialsProvider>,
    region: String,
}

impl Aws {
    /// `endpoints` maps a service (`ec2`, `sts`) to a URL, for an emulator or a private endpoint.
    pub fn new(login: &SdkConfig, region: &str, endpoints: &BTreeMap<String, String>) -> Aws {
        let mut ec2 = aws_sdk_ec2::config::Builder::from(login);
        ec2.set_region(Some(aws_sdk_ec2::config::Region::new(region.to_owned())));
        if let Some(url) = endpoints.get("ec2") {
            ec2.set_endpoint_url(Some(url.clone()));
        }
        let mut sts = aws_sdk_sts::config::Builder::from(login);
        sts.set_region(Some(aws_sdk_sts::config::Region::new(region.to_owned())));
        if let Some(url) = endpoints.get("sts") {
            sts.set_endpoint_url(Some(url.clone()));
        }
        Aws {
            ec2: aws_sdk_ec2::Client::from_conf(ec2.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            credentials: login.credentials_provider(),
            region: region.to_owned(),
        }
    }
}

#[async_trait]
impl Cloud for Aws {
    async fn place(&self) -> Result<Place> {
        let what = "AWS does not say whose login this is";
        let identity = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| errors::explain(what, "sts:GetCallerIdentity", error))?;
        let account = identity
            .account()
            .ok_or_else(|| Failure::failed(what).because("the answer of sts:GetCallerIdentity names no account"))?;
        Ok(Place { account: account.to_owned(), region: self.region.clone() })
    }

    /// Asks past the SDK's cache: what it gives is as new as it can be had now.
    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        let what = "there is no login for AWS";
        let provider = self.credentials.as_ref().ok_or_else(|| Failure::failed(what))?;
        let credentials =
            provider.provide_credentials().await.map_err(|error| errors::login_error(Failure::failed(what), &error))?;
        let ends = credentials.expiry().and_then(|ends| jiff::Timestamp::try_from(ends).ok());
        debug!(?ends, "cloud: login");
        Ok(ends)
    }

    async fn machines(&self, cluster_id: &str) -> Result<Vec<Machine>> {
        let machines = inventory::machines(&self.ec2, &self.region, cluster_id, inventory::PAGE).await?;
        debug!(cluster_id, found = machines.len(), "cloud: machines by tag");
        Ok(machines)
    }

    async fn namesakes(&self, cluster: &str) -> Result<Vec<Machine>> {
        inventory::namesakes(&self.ec2, &self.region, cluster, inventory::PAGE).await
    }

    async fn sight(&self, machine_id: &str) -> Result<Sighting> {
        let sighting = inventory::sight(&self.ec2, &self.region, machine_id).await?;
        debug!(machine_id, ?sighting, "cloud: one machine");
        Ok(sighting)
    }

    async fn resolve_image(&self, image: &Image, architecture_of: &str) -> Result<String> {
        images::resolve(&self.ec2, &self.region, image, architecture_of).await
    }

    async fn machine_type(&self, name: &str) -> Result<Option<Resources>> {
        shapes::shape(&self.ec2, &self.region, name).await.map(|shape| Some(shape.resources))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use moto::Moto;

    #[tokio::test]
    async fn the_place_is_the_account_of_the_login_and_the_region_of_the_file() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let place = moto.aws("eu-west-1").place().await.unwrap();
        assert_eq!(place, Place { account: "123456789012".into(), region: "eu-west-1".into() });
    }

    #[tokio::test]
    async fn it_is_known_when_a_login_ends() {
        let ends: jiff::Timestamp = "2027-01-02T03:04:05Z".parse().unwrap();
        for (expiry, expected) in [(Some(ends.into()), Some(ends)), (None, None)] {
            let credentials = aws_credential_types::Credentials::new("AKIDTEST", moto::SECRET, None, expiry, "test");
            let login = SdkConfig::builder()
                .behavior_version(aws_config::BehaviorVersion::latest())
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .build();
            let aws = Aws::new(&login, "eu-west-1", &BTreeMap::new());
            assert_eq!(aws.login_ends().await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_refuses_is_an_error_and_not_an_empty_answer() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let aws = moto.aws("eu-west-1");
        drop(moto);
        for failure in [
            aws.place().await.unwrap_err(),
            aws.machines("id").await.unwrap_err(),
            aws.sight("i-0123456789abcdef0").await.unwrap_err(),
        ] {
            let text = failure.to_string();
            assert!(text.contains("no connection"), "{text}");
            assert!(!text.contains(moto::SECRET), "{text}");
        }
    }
}

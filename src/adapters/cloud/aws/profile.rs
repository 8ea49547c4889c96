//! A login that is named.

use aws_config::Region;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;

/// The login of one profile of AWS' configuration, and no other. The SDK's own chain would take keys of the environment
/// before it; Terraform, given the same profile, would not, and so be somebody else.
pub(in crate::adapters) async fn credentials(profile: &str, region: Option<&str>) -> ProfileFileCredentialsProvider {
    let config = match region {
        Some(region) => ProviderConfig::without_region().with_region(Some(Region::new(region.to_owned()))),
        None => ProviderConfig::with_default_region().await,
    };
    ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build()
}

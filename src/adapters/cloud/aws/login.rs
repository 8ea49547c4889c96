//! Whose AWS this is, and how patiently it is asked.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::AppName;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::timeout::TimeoutConfig;

use super::profile;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one try may take: a page of a thousand machines comes within seconds.
const ATTEMPT: Duration = Duration::from_secs(30);

/// How long all tries together may take.
const OPERATION: Duration = Duration::from_secs(120);

/// Throttling is common in big accounts; the SDK waits longer after each try.
const TRIES: u32 = 6;

/// The login of the SDK's own chain (environment, profile, SSO, web identity, the machine's role), or of one profile.
/// Nothing is asked of AWS here: a missing or expired login shows at the first call.
pub async fn login(region: &str, profile: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).region(Region::new(region.to_owned()));
    if let Some(profile) = profile {
        loader = loader.profile_name(profile).credentials_provider(profile::credentials(profile, Some(region)).await);
    }
    loader.app_name(app_name()).retry_config(retries()).timeout_config(timeouts()).load().await
}

/// How AWS' own logs name us, beside the SDK.
fn app_name() -> AppName {
    AppName::new("scaler").expect("only letters, which are allowed")
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(TRIES)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

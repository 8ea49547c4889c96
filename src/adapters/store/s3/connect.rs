//! The way to a bucket.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{AppName, RequestChecksumCalculation, ResponseChecksumValidation};

use super::S3Store;
use crate::adapters::cloud::aws::profile;
use crate::model::failure::{Failure, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the first byte of an answer may take. S3 answers small requests within a second.
const READ: Duration = Duration::from_secs(15);

/// How long one try may take, with its content: a large record over a slow line.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How long all tries together may take.
const OPERATION: Duration = Duration::from_secs(150);

/// The SDK waits longer before each further try. Conditional writes are safe to repeat.
const TRIES: u32 = 4;

/// Tries again after `429 Too Many Requests`, by whatever code: AWS says 503, and servers and gateways that speak its
/// protocol say this.
#[derive(Debug)]
struct TooMany;

impl ClassifyRetry for TooMany {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "TooMany"
    }
}

/// Where in S3 a store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub bucket: String,
    /// Without slashes at its ends; empty for the whole bucket.
    pub prefix: String,
    pub region: Option<String>,
    /// Where the server is, if it is not AWS.
    pub endpoint: Option<String>,
    /// The bucket is a part of the path, not of the host name.
    pub path_style: bool,
}

/// The login of the SDK's own chain (environment, profile, SSO, web identity, the machine's role), or of one profile.
/// Nothing is asked of AWS here: a missing or expired login shows at the first call.
pub async fn login(profile: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .app_name(AppName::new("scaler").expect("only letters, which are allowed"));
    if let Some(profile) = profile {
        loader = loader.profile_name(profile).credentials_provider(profile::credentials(profile, None).await);
    }
    loader.load().await
}

impl S3Store {
    pub fn new(login: &SdkConfig, place: Place) -> Result<S3Store> {
        let Some(region) = place.region.clone().map(Region::new).or_else(|| login.region().cloned()) else {
            return Err(Failure::failed(format!("the region of the bucket `{}` is not known", place.bucket)).hint(
                "give it as `store.region` of the cluster file, as `?region=…` of a store's URL, or as AWS_REGION",
            ));
        };
        let place =
            Place { prefix: place.prefix.trim_matches('/').to_owned(), region: Some(region.to_string()), ..place };
        let mut config = aws_sdk_s3::config::Builder::from(login)
            .region(region)
            .force_path_style(place.path_style)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .retry_classifier(TooMany)
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .read_timeout(READ)
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            );
        if let Some(endpoint) = &place.endpoint {
            // Servers that are not AWS know the older checksums only, if any.
            config = config
                .endpoint_url(endpoint)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Ok(S3Store { client: Client::from_conf(config.build()), place })
    }
}

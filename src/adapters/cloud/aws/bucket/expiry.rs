//! The rule by which former versions of a store's objects go.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
};

use crate::model::failure::{Failure, Result};
use crate::ops::ports::probe::Answer;

/// How our rule is called. Others have the same bucket for other things, so it is bound to the store's prefix.
fn name(prefix: &str) -> String {
    format!("scaler: former versions of {}", if prefix.is_empty() { "everything" } else { prefix })
}

/// Whether former versions below the prefix go after so many days.
pub fn judge(rules: &[LifecycleRule], prefix: &str, days: u32) -> Answer {
    let name = name(prefix);
    let ours = rules.iter().find(|rule| rule.id() == Some(&name) && rule.status() == &ExpirationStatus::Enabled);
    match ours.and_then(|rule| rule.noncurrent_version_expiration()?.noncurrent_days()) {
        Some(found) if u32::try_from(found) == Ok(days) => Answer::Good,
        Some(found) => Answer::Bad(format!("former versions go after {found} days, and not after {days}")),
        None => Answer::Bad(format!("former versions are kept for ever, and should go after {days} days")),
    }
}

/// All rules that are there, with ours as it should be.
pub fn with_ours(mut rules: Vec<LifecycleRule>, prefix: &str, days: u32) -> Result<BucketLifecycleConfiguration> {
    let name = name(prefix);
    rules.retain(|rule| rule.id() != Some(&name));
    let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let days =
        i32::try_from(days).map_err(|_| Failure::failed(format!("{days} days are too many for a rule of S3")))?;
    let rule = LifecycleRule::builder()
        .id(name)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(below).build())
        .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(days).build())
        .build();
    rule.and_then(|rule| BucketLifecycleConfiguration::builder().set_rules(Some(rules)).rules(rule).build())
        .map_err(|error| Failure::failed("the rule for former versions cannot be written down").caused_by(&error))
}

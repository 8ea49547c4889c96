//! What went wrong with a call to S3, and what to do about it.
//!
//! Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. What a bucket has to do with is said
//! here; what every call to AWS shares, its login above all, is explained in one place for all of them.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::connect::Place;
use crate::adapters::cloud::aws::errors;
use crate::model::failure::Failure;

/// One call: what did not work if it fails, and the right that it needs.
pub struct Call<'a> {
    pub what: String,
    pub action: &'static str,
    pub place: &'a Place,
}

impl Call<'_> {
    pub fn explain<E>(&self, error: SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let header = |name: &str| {
            let response = error.raw_response()?;
            response.headers().get(name).map(str::to_owned)
        };
        let status = error.raw_response().map(|response| response.status().as_u16());
        let region = header("x-amz-bucket-region");
        if let SdkError::ServiceError(service) = &error
            && let Some(failure) = self.of_bucket(status, service.err().meta().code(), region.as_deref())
        {
            return failure;
        }
        let unreachable = match &error {
            SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
            SdkError::TimeoutError(_) => true,
            _ => false,
        };
        if unreachable && let Some(endpoint) = &self.place.endpoint {
            return Failure::failed(self.told())
                .because(format!("the server at {endpoint} does not answer {}", self.action))
                .because(innermost(&error))
                .hint("see that it runs, and that `endpoint` of the store is its address");
        }
        errors::explain(&self.told(), self.action, error)
    }

    fn told(&self) -> String {
        let slash = if self.place.prefix.is_empty() { "" } else { "/" };
        format!("{} of the store s3://{}{slash}{}", self.what, self.place.bucket, self.place.prefix)
    }

    fn of_bucket(&self, status: Option<u16>, code: Option<&str>, region: Option<&str>) -> Option<Failure> {
        let Call { action, place, .. } = self;
        let bucket = &place.bucket;
        let failure = Failure::failed(self.told());
        let asked = place.region.as_deref().unwrap_or("no region");
        let elsewhere = |failure: Failure| match region {
            Some(region) => failure
                .because(format!("the bucket `{bucket}` is in {region}, and was looked for in {asked}"))
                .hint(format!("write {region} as the store's region")),
            None => failure
                .because(format!("the bucket `{bucket}` is not in {asked}"))
                .hint(format!("`aws s3api get-bucket-location --bucket {bucket}` shows its region")),
        };
        match (status, code) {
            (_, Some("NoSuchBucket")) => Some(
                failure
                    .because(format!("there is no bucket `{bucket}` in {asked}"))
                    .hint("see that the name is right, and that the login is for the bucket's account")
                    .hint("`scaler state init` makes it: private, encrypted, and with former versions kept"),
            ),
            (Some(301 | 307), _)
            | (_, Some("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException")) => {
                Some(elsewhere(failure))
            }
            (_, Some("AccessDenied" | "AllAccessDisabled" | "AccountProblem")) | (Some(403), None) => {
                let failure = failure
                    .because(format!("the login may not do {action} on the bucket `{bucket}`"))
                    .hint(format!("allow {action} on arn:aws:s3:::{}", self.resource()));
                Some(if *action == "s3:GetObject" {
                    failure.hint(format!(
                        "allow s3:ListBucket on arn:aws:s3:::{bucket} too: without it S3 denies what is merely not there"
                    ))
                } else {
                    failure
                })
            }
            (_, Some("SlowDown" | "ServiceUnavailable" | "InternalError")) => Some(
                failure
                    .because(format!("S3 is overloaded or has trouble of its own ({})", code.unwrap_or_default()))
                    .hint("wait a little and repeat the command; it is safe to repeat"),
            ),
            (_, Some("NotImplemented")) | (Some(501), _) => Some(
                failure
                    .because(format!("this server does not know what {action} needs, such as conditional writes"))
                    .hint("use a server that honours If-None-Match and If-Match on writes"),
            ),
            (_, Some("EntityTooLarge")) => Some(failure.because("the store takes no object of this size")),
            _ => None,
        }
    }

    /// What a policy must name for this action.
    fn resource(&self) -> String {
        let Place { bucket, prefix, .. } = self.place;
        match self.action {
            "s3:ListBucket" => bucket.clone(),
            _ if prefix.is_empty() => format!("{bucket}/*"),
            _ => format!("{bucket}/{prefix}/*"),
        }
    }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            bucket: "acme".into(),
            prefix: "demo".into(),
            region: Some("eu-west-1".into()),
            endpoint: None,
            path_style: false,
        }
    }

    #[test]
    fn explains_what_a_bucket_has_to_do_with() {
        let cases = [
            (404, Some("NoSuchBucket"), None, "no bucket `acme` in eu-west-1"),
            (301, Some("PermanentRedirect"), Some("us-east-2"), "is in us-east-2, and was looked for in eu-west-1"),
            (301, None, None, "is not in eu-west-1"),
            (400, Some("AuthorizationHeaderMalformed"), Some("us-east-2"), "is in us-east-2"),
            (403, Some("AccessDenied"), None, "may not do s3:GetObject on the bucket `acme`"),
            (503, Some("SlowDown"), None, "overloaded"),
            (501, Some("NotImplemented"), None, "conditional writes"),
        ];
        let place = place();
        let call = Call { what: "cannot read `lock.json`".into(), action: "s3:GetObject", place: &place };
        for (status, code, region, expected) in cases {
            let failure = call.of_bucket(Some(status), code, region).expect("it is explained");
            assert_eq!(failure.what, "cannot read `lock.json` of the store s3://acme/demo");
            assert!(failure.causes.join("\n").contains(expected), "{code:?}: {failure:?}");
            assert!(!failure.hints.is_empty(), "{code:?}");
        }
        assert_eq!(call.of_bucket(Some(400), Some("ExpiredToken"), None), None, "a login is explained elsewhere");
    }

    #[test]
    fn names_the_right_and_what_it_is_on() {
        let place = place();
        for (action, on) in [("s3:ListBucket", "arn:aws:s3:::acme"), ("s3:PutObject", "arn:aws:s3:::acme/demo/*")] {
            let call = Call { what: String::new(), action, place: &place };
            let failure = call.of_bucket(Some(403), Some("AccessDenied"), None).unwrap();
            assert_eq!(failure.hints, [format!("allow {action} on {on}")]);
        }
    }
}

//! What went wrong with a call to AWS, and what to do about it.
//!
//! The service's own text is left out where it is about the login: the text of a signature that does not match
//! repeats the request's headers, session token and all, and a refusal carries an encoded message that only an
//! administrator should read. A credential process may print anything at all.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};

use crate::model::failure::{Failure, Result};

/// Where the policies lie that name every right that is needed.
pub(super) const POLICIES: &str = "examples/iam";

/// The text of an answer is cut after so many characters.
const TEXT_LIMIT: usize = 400;

/// An error of the SDK as a failure. `what` says what did not work; `action` is the IAM action that the call needs.
pub(in crate::adapters) fn explain<E, R>(what: &str, action: &str, error: SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let failure = Failure::failed(what);
    match &error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            match meta.code() {
                Some(code) => service_error(failure, action, code, meta.message().unwrap_or_default()),
                None => failure
                    .because(format!("{action} was answered with an error that is not AWS' own"))
                    .hint("look for a proxy in between, and at `aws.endpoints` of the cluster file"),
            }
        }
        SdkError::TimeoutError(_) => failure
            .because(format!("AWS did not answer {action} in time"))
            .hint("try again; if it stays so, look at the network, a proxy, and `aws.endpoints` of the cluster file"),
        SdkError::ResponseError(_) => failure
            .because(format!("the answer to {action} was cut or is not what AWS would say"))
            .hint("look for a proxy in between, and at `aws.endpoints` of the cluster file"),
        _ => match credentials_error(&error) {
            Some(credentials) => login_error(failure, credentials),
            None => not_sent(failure, action, &error),
        },
    }
}

/// The answer, or None for an error with this code.
pub(super) fn unless_code<T, E, R>(answer: Result<T, SdkError<E, R>>, code: &str) -> Result<Option<T>, SdkError<E, R>>
where
    E: ProvideErrorMetadata,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SdkError::ServiceError(service)) if service.err().meta().code() == Some(code) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Codes of <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and of STS' common errors.
fn service_error(failure: Failure, action: &str, code: &str, message: &str) -> Failure {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => failure
            .because(format!("the AWS login has expired, or this machine's clock is wrong ({code} from {action})"))
            .hint("log in again (`aws sso login`, or whatever gave you this login), then repeat the command")
            .hint("`scaler doctor` compares this machine's clock with AWS'"),
        "RequestTimeTooSkewed" => failure
            .because(format!("this machine's clock differs too much from AWS' ({code} from {action})"))
            .hint("set the clock (`timedatectl set-ntp true`), then repeat the command"),
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" => failure
            .because(format!("AWS does not accept the login's signature ({code} from {action})"))
            .hint("the secret access key does not belong to the access key id, or this machine's clock is wrong")
            .hint("`scaler doctor` compares this machine's clock with AWS'"),
        "AuthFailure" | "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" => failure
            .because(format!("AWS does not know this login ({code} from {action})"))
            .hint("check which login is used: `aws sts get-caller-identity`, AWS_PROFILE, `aws.profile` of the file"),
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => failure
            .because(format!("the login may not do {action} ({code})"))
            .hint(format!("allow {action}; the policies in {POLICIES} hold every right that scaler needs")),
        "OptInRequired" | "PendingVerification" | "Blocked" => failure
            .because(format!("the AWS account is not ready for this ({code}): {}", readable(message)))
            .hint("look into the account's console; AWS' support can tell more"),
        "RequestLimitExceeded" | "Throttling" | "ThrottlingException" => failure
            .because(format!(
                "AWS answers too many calls of this account and goes on throttling ({code} from {action})"
            ))
            .hint("wait a little and repeat the command; it is safe to repeat"),
        code => failure.because(format!("{code} from {action}: {}", readable(message))),
    }
}

pub fn login_error(failure: Failure, error: &CredentialsError) -> Failure {
    let hint = "give a login: AWS_PROFILE, `aws.profile` of the cluster file, AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY, or the role of the machine or pod";
    match error {
        CredentialsError::CredentialsNotLoaded(_) => failure.because("there is no AWS login").hint(hint),
        CredentialsError::ProviderTimedOut(_) => {
            failure.because("whoever gives the AWS login did not answer in time").hint(hint)
        }
        CredentialsError::InvalidConfiguration(_) => {
            failure.because("the AWS login is not properly configured").because(origin(error)).hint(hint)
        }
        _ => failure
            .because("the AWS login cannot be had")
            .because(origin(error))
            .hint("it may have expired: log in again (`aws sso login`, or whatever gave you this login)")
            .hint("`aws sts get-caller-identity` tries the same login"),
    }
}

/// The innermost text of an error of the login, without what a credential process printed.
fn origin(error: &CredentialsError) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    match text.split_once("Stderr:") {
        Some((head, _)) => format!("{} (what it printed is left out: run it by hand to see)", head.trim_end()),
        None => readable(&text),
    }
}

fn not_sent(failure: Failure, action: &str, error: &(dyn Error + 'static)) -> Failure {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    failure
        .because(format!("no connection to AWS for {action}"))
        .because(readable(&innermost.to_string()))
        .hint("look at the network, a proxy, the region's name, and `aws.endpoints` of the cluster file")
}

fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// One line of bounded length, without AWS' encoded message.
fn readable(message: &str) -> String {
    let head = message.split("Encoded authorization failure message").next().unwrap_or_default();
    let line = head.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_LIMIT) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_ec2::operation::describe_instances::DescribeInstancesError;

    type Failed = SdkError<DescribeInstancesError, ()>;

    fn service(code: &str, message: &str) -> Failure {
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        explain("it failed", "ec2:DescribeInstances", Failed::service_error(DescribeInstancesError::generic(meta), ()))
    }

    #[test]
    fn each_known_code_is_explained_and_says_what_to_do() {
        for (code, expected) in [
            ("ExpiredToken", "expired"),
            ("RequestExpired", "expired"),
            ("RequestTimeTooSkewed", "clock"),
            ("SignatureDoesNotMatch", "signature"),
            ("AuthFailure", "does not know this login"),
            ("UnauthorizedOperation", "may not do ec2:DescribeInstances"),
            ("RequestLimitExceeded", "throttling"),
            ("OptInRequired", "account is not ready"),
        ] {
            let failure = service(code, "SECRETTEXT");
            assert!(failure.to_string().contains(expected), "{code}: {failure}");
            assert!(failure.to_string().contains(code), "{failure}");
            assert!(!failure.hints.is_empty(), "{code}");
        }
    }

    #[test]
    fn a_refusal_names_the_policies() {
        let failure = service("UnauthorizedOperation", "You are not authorized");
        assert!(failure.hints.iter().any(|hint| hint.contains("examples/iam")), "{failure:?}");
    }

    #[test]
    fn the_services_text_is_left_out_where_it_may_hold_the_login() {
        for code in ["SignatureDoesNotMatch", "UnauthorizedOperation", "AuthFailure", "ExpiredToken"] {
            let failure = service(code, "canonical string x-amz-security-token:SECRETTEXT");
            assert!(!format!("{failure:?}").contains("SECRETTEXT"), "{failure:?}");
        }
        let odd = service("Odd", "no. Encoded authorization failure message: SECRETTEXT");
        assert!(!odd.to_string().contains("SECRETTEXT"), "{odd}");
        assert_eq!(service("Odd", "a\n b").causes, ["Odd from ec2:DescribeInstances: a b"]);
    }

    #[test]
    fn a_missing_login_is_told_from_a_missing_network() {
        let login = ConnectorError::other(CredentialsError::not_loaded("none").into(), None);
        let failure = explain("it failed", "a", Failed::dispatch_failure(login));
        assert_eq!(failure.causes, ["there is no AWS login"]);
        let network = ConnectorError::io(std::io::Error::other("refused").into());
        let failure = explain("it failed", "a", Failed::dispatch_failure(network));
        assert_eq!(failure.causes, ["no connection to AWS for a", "refused"]);
    }

    #[test]
    fn what_a_credential_process_prints_stays_out() {
        let error = CredentialsError::provider_error("process exited with code 1. Stderr: SECRETTEXT");
        let failure = explain("it failed", "a", Failed::dispatch_failure(ConnectorError::other(error.into(), None)));
        assert!(failure.to_string().contains("exited with code 1"), "{failure}");
        assert!(!failure.to_string().contains("SECRETTEXT"), "{failure}");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(readable(&"ä".repeat(TEXT_LIMIT + 5)).chars().count(), TEXT_LIMIT + 1);
    }
}

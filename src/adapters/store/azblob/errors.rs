//! What went wrong with a call to Azure Blob Storage, and what to do about it.
//!
//! Codes: <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes> and "Common REST API error
//! codes" beside it. The service's own text is left out: that of a signature which does not match repeats what was
//! signed.

use azure_core::error::{Error, ErrorKind};

use super::login::Login;
use super::place::Place;
use crate::model::failure::Failure;
use crate::model::redact::Redactor;

/// The text of a login that failed is cut after so many characters.
const TEXT_LIMIT: usize = 400;

/// Status and code of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    status: Option<u16>,
    name: String,
}

impl Code {
    pub fn of(error: &Error) -> Code {
        match error.kind() {
            ErrorKind::HttpResponse { status, error_code, .. } => {
                Code { status: Some(u16::from(*status)), name: error_code.clone().unwrap_or_default() }
            }
            _ => Code { status: None, name: String::new() },
        }
    }

    /// There is no such blob. The answer to a question for its properties alone has no body, and on some servers no code.
    pub fn is_absence(&self) -> bool {
        self.status == Some(404) && self.name != "ContainerNotFound"
    }

    pub fn has_status(&self, status: u16) -> bool {
        self.status == Some(status)
    }

    /// For people.
    pub fn told(&self) -> String {
        match self.status {
            Some(status) => format!("the answer was {status} ({})", self.name),
            None => "there was no answer".to_owned(),
        }
    }

    pub fn is(&self, status: u16, name: &str) -> bool {
        self.status == Some(status) && self.name == name
    }
}

/// One call: what did not work if it fails.
pub struct Call<'a> {
    pub what: String,
    pub place: &'a Place,
    /// Whose access was used.
    pub login: &'static str,
}

impl Call<'_> {
    pub fn explain(&self, error: &Error) -> Failure {
        match error.kind() {
            ErrorKind::HttpResponse { .. } => self.answered(&Code::of(error)),
            ErrorKind::Credential => self.not_logged_in(error),
            ErrorKind::Connection | ErrorKind::Io => self.unreachable(error),
            _ => Failure::failed(self.told())
                .because("the answer is not what Azure Blob Storage would say")
                .hint("look for a proxy in between, and at `endpoint` of the store"),
        }
    }

    pub fn timed_out(&self) -> Failure {
        Failure::failed(self.told())
            .because(format!("{} did not answer in time", self.place.endpoint_text()))
            .hint("wait a little and repeat the command; it is safe to repeat")
    }

    fn told(&self) -> String {
        let Place { account, container, prefix, .. } = self.place;
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("{} of the store azblob://{account}/{container}{slash}{prefix}", self.what)
    }

    fn answered(&self, code: &Code) -> Failure {
        let Place { account, container, .. } = self.place;
        let Call { login, .. } = self;
        let failure = Failure::failed(self.told());
        let name = &code.name;
        match (code.status, name.as_str()) {
            (_, "ContainerNotFound") => failure
                .because(format!("there is no container `{container}` in the storage account `{account}`"))
                .hint("see that the names are right, and that the login is for this account")
                .hint("`scaler state init` makes it, closed to the public"),
            (_, "ContainerBeingDeleted" | "ContainerDisabled") => {
                failure.because(format!("the container `{container}` is being deleted or is disabled ({name})"))
                    .hint("look at it in Azure's portal; a deleted container of this name is gone within some minutes")
            }
            (_, "AuthenticationFailed" | "InvalidAuthenticationInfo") => failure
                .because(format!("Azure does not accept {login} ({name})"))
                .hint("it may have expired, be for another account or for other hours, or this machine's clock is wrong")
                .hint("`scaler doctor` shows what the store says; README.md lists the logins, in the order in which they count"),
            (_, "KeyBasedAuthenticationNotPermitted") => failure
                .because(format!("the storage account `{account}` takes no keys ({name})"))
                .hint("log in with Entra ID, or with a SAS token that a user or principal has signed"),
            (
                _,
                "AuthorizationFailure"
                | "AuthorizationPermissionMismatch"
                | "AuthorizationServiceMismatch"
                | "AuthorizationResourceTypeMismatch"
                | "AuthorizationProtocolMismatch"
                | "AuthorizationSourceIPMismatch"
                | "InsufficientAccountPermissions"
                | "UnauthorizedBlobOverwrite",
            ) => failure
                .because(format!("{login} may not do this on the container `{container}` ({name})"))
                .hint(format!("give it the role `Storage Blob Data Contributor` on the container `{container}`, or a SAS token with the rights r, a, c, w, d and l"))
                .hint("a firewall of the storage account says the same: see `Networking` of the account"),
            (Some(401), _) | (_, "NoAuthenticationInformation" | "PublicAccessNotPermitted") => failure
                .because(format!("Azure wants a login, and {login} is none for this account"))
                .hint("see the tenant of the login, and the account's name"),
            (Some(403), _) => failure
                .because(format!("Azure refuses {login} ({name})"))
                .hint(format!("see the rights on the container `{container}`, and `Networking` of the account")),
            (_, "AccountIsDisabled" | "AccountBeingCreated") => failure
                .because(format!("the storage account `{account}` cannot be used now ({name})"))
                .hint("look at it in Azure's portal"),
            (_, "LeaseIdMissing" | "LeaseIdMismatchWithBlobOperation") => failure
                .because("somebody else has a lease on this blob")
                .hint("see who: `scaler` takes no leases; `az storage blob lease break` ends one"),
            (_, "BlobImmutableDueToPolicy" | "BlobArchived" | "SnapshotsPresent") => failure
                .because(format!("this blob may not be changed ({name})"))
                .hint("a store needs a container without an immutability policy, and blobs of the hot or cool tier"),
            (_, "ServerBusy" | "OperationTimedOut" | "InternalError") | (Some(429 | 500 | 502..=504), _) => failure
                .because(format!("Azure is overloaded or has trouble of its own ({name})"))
                .hint("wait a little and repeat the command; it is safe to repeat"),
            (_, "RequestBodyTooLarge") => failure.because("the store takes no object of this size"),
            (Some(501), _) => failure
                .because("this server does not know what is needed, such as conditional writes")
                .hint("use a server that honours If-None-Match and If-Match on writes"),
            (Some(status @ 300..=399), _) => failure
                .because(format!("{} leads elsewhere ({status})", self.place.endpoint_text()))
                .hint("write the account's own address as `endpoint` of the store"),
            (status, _) => failure
                .because(format!("the answer was {} ({name})", status.unwrap_or_default()))
                .hint("look for a proxy in between, and at `account`, `container` and `endpoint` of the store"),
        }
    }

    fn unreachable(&self, error: &Error) -> Failure {
        let failure = Failure::failed(self.told())
            .because(format!("the server at {} does not answer", self.place.endpoint_text()))
            .because(innermost(error));
        match self.place.endpoint {
            Some(_) => failure.hint("see that it runs, and that `endpoint` of the store is its address"),
            None => failure
                .hint(format!(
                    "see that there is a storage account `{}`: its name is part of the address",
                    self.place.account
                ))
                .hint("look at the network and at proxies (HTTPS_PROXY)"),
        }
    }

    fn not_logged_in(&self, error: &Error) -> Failure {
        let text = Redactor::default().redact(&innermost(error)).into_owned();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Failure::failed(self.told())
            .because(format!("{} got no token", self.login))
            .because(line.chars().take(TEXT_LIMIT).collect::<String>())
            .hint(match self.login == Login::Cli.name() {
                true => "log in (`az login`), or name a login: README.md lists them, in the order in which they count",
                false => "mend it, or name another login: README.md lists them, in the order in which they count",
            })
    }
}

fn innermost(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { account: "acme".into(), container: "clusters".into(), prefix: "demo".into(), endpoint: None }
    }

    #[test]
    fn explains_each_code_and_says_what_to_do() {
        let cases = [
            (404, "ContainerNotFound", "no container `clusters` in the storage account `acme`"),
            (403, "AuthenticationFailed", "does not accept the SAS token"),
            (403, "KeyBasedAuthenticationNotPermitted", "takes no keys"),
            (403, "AuthorizationPermissionMismatch", "may not do this on the container `clusters`"),
            (403, "Odd", "refuses the SAS token (Odd)"),
            (401, "NoAuthenticationInformation", "wants a login"),
            (409, "BlobImmutableDueToPolicy", "may not be changed"),
            (412, "LeaseIdMissing", "a lease on this blob"),
            (503, "ServerBusy", "overloaded"),
            (501, "NotImplemented", "conditional writes"),
            (302, "", "leads elsewhere"),
            (418, "Odd", "the answer was 418 (Odd)"),
        ];
        let place = place();
        let call = Call { what: "cannot read `lock.json`".into(), place: &place, login: "the SAS token" };
        for (status, name, expected) in cases {
            let failure = call.answered(&Code { status: Some(status), name: name.into() });
            assert_eq!(failure.what, "cannot read `lock.json` of the store azblob://acme/clusters/demo");
            assert!(failure.causes.join("\n").contains(expected), "{name}: {failure:?}");
            assert!(!failure.hints.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_login_that_fails_shows_no_secret() {
        let place = place();
        let call = Call { what: String::new(), place: &place, login: "the service principal" };
        let error = Error::with_message(ErrorKind::Credential, "no: client_secret=hidden-from-all\nmore");
        let text = format!("{:?}", call.explain(&error));
        assert!(text.contains("the service principal got no token"), "{text}");
        assert!(!text.contains("hidden-from-all"), "{text}");
    }
}

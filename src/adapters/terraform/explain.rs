//! Terraform's well-known errors, explained. Terraform's own text always comes out as well.

use super::diagnostics::Diagnostic;

/// What an error means, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub title: String,
    pub hint: String,
}

struct Known {
    /// Any of these in the summary or detail, in whatever case.
    patterns: &'static [&'static str],
    title: &'static str,
    hint: &'static str,
}

/// The first that fits counts. The codes are from the EC2 and S3 API references ("Error codes"), Azure Resource
/// Manager's "Troubleshoot common deployment errors", and the sources of Terraform and OpenTofu.
const KNOWN: &[Known] = &[
    Known {
        patterns: &[
            "ExpiredToken",
            "RequestExpired",
            "token included in the request is expired",
            "SSO session has expired",
            "AADSTS700082",
            "AADSTS50173",
        ],
        title: "the login has expired",
        hint: "log in again (`aws sso login`, `az login`, or new credentials) and run the command once more",
    },
    Known {
        patterns: &[
            "No valid credential sources",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "AuthFailure",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "unable to build authorizer",
            "please run 'az login'",
        ],
        title: "there is no valid login",
        hint: "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (Azure: ARM_CLIENT_ID and its like, or \
               `az login`); `scaler doctor` shows which login is found",
    },
    Known {
        patterns: &["RequestTimeTooSkewed"],
        title: "this machine's clock is wrong",
        hint: "set the clock (for example with `timedatectl set-ntp true`) and run the command once more",
    },
    Known {
        patterns: &["\"terraformlockid\" was empty"],
        title: "the state is locked, and the lock names nobody",
        hint: "somebody's Terraform was ended while it took its lock or gave it back; if nobody runs Terraform on this \
               state: az storage blob lease break --account-name ACCOUNT --container-name CONTAINER --blob-name \
               PREFIX/terraform/STACK.tfstate",
    },
    // Before the quotas, one of whose patterns fits it too.
    Known {
        patterns: &["RequestLimitExceeded", "Throttling", "TooManyRequests", "SlowDown", "Rate exceeded"],
        title: "the cloud's API turns requests away because there are too many",
        hint: "wait a few minutes and run the command once more; see what else calls the API of this account",
    },
    Known {
        patterns: &[
            "VcpuLimitExceeded",
            "InstanceLimitExceeded",
            "AddressLimitExceeded",
            "VpcLimitExceeded",
            "NatGatewayLimitExceeded",
            "VolumeLimitExceeded",
            "MaxIOPSLimitExceeded",
            "LimitExceeded",
            "QuotaExceeded",
            "exceeding approved",
        ],
        title: "the account's quota does not allow that many",
        hint: "ask the cloud for a higher quota (AWS: Service Quotas; Azure: Usage + quotas), use another machine type \
               or region, or ask for fewer",
    },
    Known {
        patterns: &["MaxSpotInstanceCountExceeded"],
        title: "the account's quota of spot machines is used up",
        hint: "ask the cloud for a higher quota of spot machines, or set `capacity: on-demand` for the pool",
    },
    Known {
        patterns: &["SpotMaxPriceTooLow"],
        title: "spot machines cost more now than the highest price that was set",
        hint: "try again later, or set `capacity: on-demand` for the pool",
    },
    Known {
        patterns: &[
            "InsufficientInstanceCapacity",
            "InsufficientHostCapacity",
            "InsufficientCapacity",
            "is not supported in your requested Availability Zone",
            "SkuNotAvailable",
            "AllocationFailed",
            "OverconstrainedAllocationRequest",
        ],
        title: "the cloud has no such machine free there now",
        hint: "try again later, in another zone (`--zone`), or with another machine type",
    },
    Known {
        patterns: &["InvalidAMIID", "InvalidImageID"],
        title: "the image does not exist, or may not be used by this account",
        hint: "name an image that exists in this region and that this account may use",
    },
    Known {
        patterns: &["doesn't match any of the checksums", "Inconsistent dependency lock file", "checksum"],
        title: "a provider is not the one that the cluster was made with",
        hint: "offer Terraform the provider version of the recorded lock file, for this platform: from its registry, or \
               in the mirror that its CLI configuration names",
    },
    Known {
        patterns: &["Provider dependency changes detected"],
        title: "the recorded lock file of providers does not cover what this version of scaler asks for",
        hint: "use the version of scaler that made the cluster, or move the cluster to the new providers on purpose",
    },
    Known {
        patterns: &[
            "Failed to query available provider packages",
            "Failed to install provider",
            "Invalid provider registry host",
            "could not connect to registry",
        ],
        title: "a provider of Terraform could not be had",
        hint: "check the way to the provider registry (HTTPS_PROXY), or put the provider in a mirror and name that in \
               Terraform's CLI configuration (provider_installation, TF_CLI_CONFIG_FILE)",
    },
    Known {
        patterns: &["Backend configuration changed", "Backend initialization required"],
        title: "the state was last used with other settings of the store",
        hint: "run the command once more with another --work-dir; if that does not help, the cluster file names \
               another store than the cluster's own",
    },
    Known {
        patterns: &["NoSuchBucket", "bucket does not exist", "ContainerNotFound"],
        title: "the store's bucket does not exist",
        hint: "check `store` in the cluster file, and make the bucket before the cluster",
    },
    Known {
        patterns: &["which is newer than current", "Unsupported state file format", "newer Terraform version"],
        title: "the state was written by a newer Terraform",
        hint: "use at least the version that the error names",
    },
    Known {
        patterns: &["no space left on device", "disk quota exceeded"],
        title: "the disk is full",
        hint: "make room on this machine (--work-dir moves Terraform's working files elsewhere)",
    },
    Known {
        patterns: &["DependencyViolation", "InUseSubnetCannotBeDeleted"],
        title: "something that Terraform did not make still uses what is to be deleted",
        hint: "find it in the cloud's console by the id in the error (load balancers and volumes of Kubernetes are the \
               usual ones), delete it, and run the command once more",
    },
    Known {
        patterns: &[
            "no such host",
            "connection refused",
            "i/o timeout",
            "TLS handshake timeout",
            "network is unreachable",
        ],
        title: "the network did not answer",
        hint: "check the connection and the proxy settings (HTTPS_PROXY, NO_PROXY), and run the command once more",
    },
];

/// Codes of requests that the login has no right to. They name the action, so they have no fixed text.
const DENIED: &[&str] = &["UnauthorizedOperation", "AccessDenied", "not authorized to perform", "AuthorizationFailed"];

/// Explains the first of these errors that is known.
pub fn explain<'a>(errors: impl IntoIterator<Item = &'a Diagnostic>) -> Option<Explanation> {
    errors.into_iter().find_map(|error| known(error).or_else(|| denied(error)))
}

fn known(error: &Diagnostic) -> Option<Explanation> {
    let known = KNOWN.iter().find(|known| known.patterns.iter().any(|pattern| error.mentions(pattern)))?;
    Some(Explanation { title: known.title.to_owned(), hint: known.hint.to_owned() })
}

fn denied(error: &Diagnostic) -> Option<Explanation> {
    if !DENIED.iter().any(|code| error.mentions(code)) {
        return None;
    }
    let hint = "give the login that right (examples/iam holds the least policy), or use another login";
    let title = match denied_action(&error.detail).or_else(|| denied_action(&error.summary)) {
        Some(action) => format!("the login has no right to {action}"),
        None => "the login has no right to do that".to_owned(),
    };
    Some(Explanation { title, hint: hint.to_owned() })
}

/// The action in `… is not authorized to perform: ec2:RunInstances on …`, `operation error EC2: RunInstances, …` or
/// `… does not have authorization to perform action 'Microsoft.Compute/…' …`.
fn denied_action(text: &str) -> Option<String> {
    let word = |rest: &str| {
        let rest = rest.trim_start().trim_start_matches('\'');
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | '\'' | '"')).unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_owned())
    };
    if let Some((_, rest)) = text.split_once("authorized to perform:") {
        return word(rest);
    }
    if let Some((_, rest)) = text.split_once("authorization to perform action") {
        return word(rest);
    }
    let (_, rest) = text.split_once("operation error ")?;
    let (service, rest) = rest.split_once(':')?;
    Some(format!("{}:{}", service.trim().to_lowercase().replace(' ', "-"), word(rest)?))
}

#[cfg(test)]
mod tests {
    use super::super::diagnostics::error;
    use super::*;

    /// Texts as the tools print them.
    const TEXTS: &[(&str, &str, Option<&str>)] = &[
        (
            "Error acquiring the state lock",
            "Error message: state blob is already locked\nblob metadata \"terraformlockid\" was empty",
            Some("the state is locked, and the lock names nobody"),
        ),
        (
            "creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 400, RequestID: x, \
             api error VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 allows",
            "",
            Some("the account's quota does not allow that many"),
        ),
        (
            "creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 500, api error \
             InsufficientInstanceCapacity: We currently do not have sufficient t3.large capacity",
            "",
            Some("the cloud has no such machine free there now"),
        ),
        (
            "creating EC2 Instance: operation error EC2: RunInstances, api error MaxSpotInstanceCountExceeded: Max spot \
             instance count exceeded",
            "",
            Some("the account's quota of spot machines is used up"),
        ),
        (
            "terminating EC2 Instance (i-0): operation error EC2: TerminateInstances, https response error StatusCode: 403, \
             api error UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization \
             failure message: abc",
            "",
            Some("the login has no right to ec2:TerminateInstances"),
        ),
        (
            "Error",
            "User: arn:aws:iam::1:user/ann is not authorized to perform: s3:PutObject on resource: \"arn\" AccessDenied",
            Some("the login has no right to s3:PutObject"),
        ),
        (
            "Error",
            "The client 'x' does not have authorization to perform action 'Microsoft.Compute/virtualMachines/write' over \
             scope (Code=\"AuthorizationFailed\")",
            Some("the login has no right to Microsoft.Compute/virtualMachines/write"),
        ),
        (
            "Retrieving AWS account details: api error ExpiredToken: The security token",
            "",
            Some("the login has expired"),
        ),
        ("No valid credential sources found", "Please see https://…", Some("there is no valid login")),
        (
            "Failed to query available provider packages",
            "provider registry.terraform.io/hashicorp/null was not found in any of the search locations",
            Some("a provider of Terraform could not be had"),
        ),
        (
            "Failed to install provider",
            "the local package for registry.terraform.io/hashicorp/null 3.2.9 doesn't match any of the checksums previously \
             recorded in the dependency lock file",
            Some("a provider is not the one that the cluster was made with"),
        ),
        ("Backend configuration changed", "", Some("the state was last used with other settings of the store")),
        ("Failed to save state", "write errored.tfstate: no space left on device", Some("the disk is full")),
        (
            "reading EC2 VPC: api error RequestLimitExceeded: Request limit exceeded.",
            "",
            Some("the cloud's API turns requests away because there are too many"),
        ),
        ("Resource precondition failed", "the image was not resolved", None),
    ];

    #[test]
    fn well_known_errors_are_explained() {
        for (summary, detail, title) in TEXTS {
            let explanation = explain([&error(summary, detail)]);
            assert_eq!(explanation.map(|explanation| explanation.title).as_deref(), *title, "{summary}");
        }
    }

    #[test]
    fn the_first_known_error_counts() {
        let errors = [error("odd", ""), error("api error ExpiredToken", ""), error("VcpuLimitExceeded", "")];
        assert_eq!(explain(&errors).unwrap().title, "the login has expired");
    }
}

//! Settings that encrypt states with a key of the user's own.

use crate::adapters::process::Environment;
use crate::model::failure::{Failure, Result};

/// From OpenTofu's documentation, "State and Plan Encryption", and from the S3 backend's of both.
const VARIABLES: [&str; 2] = ["TF_ENCRYPTION", "AWS_SSE_CUSTOMER_KEY"];

/// States are read from the store itself, so nothing may be written that only the tool can read.
pub fn refuse(environment: &Environment) -> Result<()> {
    match VARIABLES.into_iter().find(|name| environment.get(name).is_some_and(|value| !value.is_empty())) {
        None => Ok(()),
        Some(name) => Err(Failure::refused(format!("{name} is set, and scaler cannot read states encrypted with it"))
            .because("scaler reads each stack's state from the store, beside Terraform")
            .hint(format!("unset {name}; to encrypt states, let the bucket do it (SSE-S3 or SSE-KMS)"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_ones_own_is_refused_by_name() {
        let environment = |name: &str, value: &str| Environment::clean([(name.into(), value.into())]).0;
        for name in VARIABLES {
            let failure = refuse(&environment(name, "key-material")).unwrap_err();
            assert!(failure.what.starts_with(name), "{failure}");
            assert!(!failure.to_string().contains("key-material"), "{failure}");
            assert_eq!(refuse(&environment(name, "")), Ok(()));
        }
        assert_eq!(refuse(&environment("AWS_ACCESS_KEY_ID", "a")), Ok(()));
    }
}

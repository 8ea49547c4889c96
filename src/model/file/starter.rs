//! Cluster files to start from.

use super::rules::names;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::provider::Provider;

/// The name in the starter files.
const NAME: &str = "demo";

/// A commented cluster file for a provider, valid as it is. A name that no cluster can have is wrong usage.
pub fn starter(provider: Provider, name: &str) -> Result<String> {
    names::cluster_name(name).map_err(|wrong| {
        let shown = super::text::shown(name);
        Failure::new(Kind::Usage, format!("{shown} cannot be a cluster's name: {}", wrong.label)).hint(wrong.help)
    })?;
    let text = match provider {
        Provider::Aws => include_str!("starter/aws.yml"),
        Provider::Azure => include_str!("starter/azure.yml"),
        Provider::Sandbox => include_str!("starter/sandbox.yml"),
    };
    Ok(text.replace(NAME, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_cluster_can_have_are_refused() {
        for bad in ["", "../x", "Demo", "a b"] {
            assert_eq!(starter(Provider::Aws, bad).unwrap_err().kind, Kind::Usage, "{bad}");
        }
    }
}

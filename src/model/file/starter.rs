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
    use crate::model::file::{parse, to_yaml};

    #[test]
    fn starters_are_valid_as_they_are() {
        for provider in Provider::ALL {
            for name in ["demo", "abc", "a-quite-long-name-20"] {
                let text = starter(provider, name).unwrap();
                let file =
                    parse("starter.yml", &text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
                assert_eq!((file.provider, file.name.as_str()), (provider, name));
                assert_eq!(parse("again.yml", &to_yaml(&file), &[]).unwrap(), file);
            }
            assert_eq!(starter(provider, "../x").unwrap_err().kind, Kind::Usage);
        }
    }
}

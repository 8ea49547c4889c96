//! The environment that tools get: ours, without the variables that change what a tool does.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Exact names that are dropped (Terraform's CLI documentation, "Environment Variables").
const DROPPED: &[&str] = &["TF_WORKSPACE", "TF_DATA_DIR", "TF_REATTACH_PROVIDERS"];

/// Beginnings of names that are dropped (the same source, Ansible's "Configuration Settings", Packer's "Environment Variables").
const DROPPED_PREFIXES: &[&str] = &["TF_CLI_ARGS", "TF_VAR_", "TF_LOG", "ANSIBLE_", "PKR_VAR_", "PACKER_LOG"];

/// The variables that every tool gets. Logins (`AWS_*`, `ARM_*`, …), proxies and `TF_CLI_CONFIG_FILE` are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Cleans an environment. Also returns the names of what was dropped, sorted, for a warning.
    pub fn clean(base: impl IntoIterator<Item = (OsString, OsString)>) -> (Environment, Vec<String>) {
        let (dropped, kept): (BTreeMap<_, _>, _) = base.into_iter().partition(|(name, _)| is_dropped(name));
        let mut names: Vec<String> = dropped.keys().map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        (Environment(kept), names)
    }

    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// This environment with some variables set on top, or taken out where there is no value.
    pub fn with(&self, own: &BTreeMap<OsString, Option<OsString>>) -> Vec<(OsString, OsString)> {
        let ours = self.0.iter().filter(|(name, _)| !own.contains_key(*name));
        let ours = ours.map(|(name, value)| (name.clone(), value.clone()));
        let own = own.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        ours.chain(own).collect()
    }
}

fn is_dropped(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    DROPPED.contains(&name.as_ref()) || DROPPED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let (environment, dropped) = Environment::clean(names.iter().map(|name| (name.into(), "value".into())));
        (environment.iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect(), dropped)
    }

    #[test]
    fn what_changes_a_tool_is_dropped_by_name() {
        let changes = [
            "ANSIBLE_CONFIG",
            "TF_CLI_ARGS",
            "TF_CLI_ARGS_plan",
            "TF_DATA_DIR",
            "TF_LOG",
            "TF_LOG_PATH",
            "TF_REATTACH_PROVIDERS",
            "TF_VAR_name",
            "TF_WORKSPACE",
        ];
        assert_eq!(clean(&changes), (vec![], changes.map(str::to_owned).to_vec()));
    }

    #[test]
    fn logins_and_paths_are_kept() {
        let kept = [
            "ARM_CLIENT_ID",
            "AWS_PROFILE",
            "HOME",
            "HTTPS_PROXY",
            "KUBECONFIG",
            "PATH",
            "TF_CLI_CONFIG_FILE",
            "TF_PLUGIN_CACHE_DIR",
        ];
        assert_eq!(clean(&kept), (kept.map(str::to_owned).to_vec(), vec![]));
    }

    #[test]
    fn own_variables_win() {
        let (environment, _) =
            Environment::clean([("A".into(), "1".into()), ("B".into(), "2".into()), ("C".into(), "2".into())]);
        let all = environment.with(&BTreeMap::from([("B".into(), Some("3".into())), ("C".into(), None)]));
        assert_eq!(all, [("A".into(), "1".into()), ("B".into(), "3".into())]);
    }
}

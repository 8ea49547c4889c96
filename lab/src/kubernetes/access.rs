//! Who may talk to the API server: a CA, a token a user, kubeconfigs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::client::Client;
use crate::error::{Doing, LabError, Result};
use crate::http::{Endpoint, Headers, Trust};
use crate::places;

/// (user, groups). The scheduler and the controllers get their rights from
/// Kubernetes' own roles. Tokens need not be secret: the lab lives on loopback, for minutes.
const USERS: [(&str, &str); 5] = [
    ("operator", "system:masters"),
    ("lab", "system:masters"),
    ("kwok", "system:masters"),
    ("system:kube-controller-manager", ""),
    ("system:kube-scheduler", ""),
];

pub(super) struct Access {
    folder: PathBuf,
    pub operator: PathBuf,
    pub lab: PathBuf,
}

impl Access {
    /// Makes keys, certificates and tokens in the lab's folder.
    pub fn create(folder: &Path) -> Result<Self> {
        let program = places::kubernetes()?;
        let made = Command::new(&program).args(["certificates", "--folder"]).arg(folder).output();
        let made = made.doing(format_args!("running {}", program.display()))?;
        if !made.status.success() {
            return Err(LabError::new(format!("making certificates: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let mut tokens = String::new();
        for (user, groups) in USERS {
            let _ = writeln!(tokens, "{},{user},{user},\"{groups}\"", token(user));
        }
        std::fs::write(folder.join("tokens.csv"), tokens).doing("writing the lab's tokens")?;
        Ok(Self {
            folder: folder.to_owned(),
            operator: folder.join("operator.kubeconfig"),
            lab: folder.join("lab.kubeconfig"),
        })
    }

    pub fn client(&self, address: &str, trust: &Trust) -> Client {
        let bearer = ("Authorization".to_owned(), format!("Bearer {}", token("lab")));
        Client::new(Endpoint {
            address: address.to_owned(),
            trust: Some(trust.clone()),
            headers: Headers(vec![bearer]),
        })
    }

    /// One for each user, in the lab's folder; see [`kubeconfig_of`].
    pub fn write_kubeconfigs(&self, url: &str) -> Result<()> {
        for (user, _) in USERS {
            self.write_kubeconfig(&kubeconfig_of(&self.folder, user), url, user)?;
        }
        Ok(())
    }

    pub fn write_kubeconfig(&self, file: &Path, url: &str, user: &str) -> Result<()> {
        self.write_kubeconfig_with(file, url, user, &token(user))
    }

    /// JSON, which is YAML: no value needs quoting by hand.
    pub fn write_kubeconfig_with(&self, file: &Path, url: &str, user: &str, token: &str) -> Result<()> {
        let authority = self.folder.join("ca.crt");
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": {"server": url, "certificate-authority": authority}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
            "current-context": "lab",
        });
        std::fs::write(file, text.to_string()).doing(format_args!("writing {}", file.display()))
    }
}

pub(super) fn kubeconfig_of(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{}.kubeconfig", user.trim_start_matches("system:")))
}

fn token(user: &str) -> String {
    format!("token-of-{}", user.replace(':', "-"))
}

//! How a machine gets into a cluster: a bootstrap token, and the cluster's own word about where it is and how it is
//! recognised (Kubernetes' documentation, "Authenticating with Bootstrap Tokens").

use std::fmt;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::failure::{Failure, Result};
use super::names::OperationId;

/// The namespace of the tokens' Secrets, and the beginning of their names.
pub const NAMESPACE: &str = "kube-system";
const NAME: &str = "bootstrap-token-";

const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const ID: usize = 6;
const SECRET: usize = 16;

/// A token for one operation. Its id is no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct BootstrapToken {
    pub id: String,
    secret: String,
}

impl BootstrapToken {
    /// From random bytes; five bits of each are used.
    pub fn of_random(bytes: [u8; ID + SECRET]) -> BootstrapToken {
        let text: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect();
        let (id, secret) = text.split_at(ID);
        BootstrapToken { id: id.to_owned(), secret: secret.to_owned() }
    }

    /// As kubeadm takes it. A secret.
    pub fn reveal(&self) -> String {
        format!("{}.{}", self.id, self.secret)
    }

    /// The Secret that makes it valid, until it expires: the controller `token-cleaner` then takes it away.
    pub fn object(&self, operation: &OperationId, expires: jiff::Timestamp) -> Value {
        let expires = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "bootstrap.kubernetes.io/token",
            "metadata": { "name": secret_name(&self.id), "namespace": NAMESPACE },
            "stringData": {
                "description": format!("scaler's operation {operation}"),
                "token-id": self.id,
                "token-secret": self.secret,
                "expiration": expires,
                "usage-bootstrap-authentication": "true",
                "usage-bootstrap-signing": "true",
                "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
            },
        })
    }
}

impl fmt::Debug for BootstrapToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootstrapToken({}.…)", self.id)
    }
}

/// The name of the Secret of the token with this id.
pub fn secret_name(id: &str) -> String {
    format!("{NAME}{id}")
}

/// Where a cluster is, and by which CA it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    /// The API server's address for everybody, `host:port`.
    pub endpoint: String,
    /// Of the CA's public key, as kubeadm writes it: `sha256:` and hexadecimal digits.
    pub ca_hash: String,
}

impl Entrance {
    /// From the kubeconfig in the ConfigMap `cluster-info`, which kubeadm makes for machines that want to join.
    pub fn of_cluster_info(kubeconfig: &str) -> Result<Entrance> {
        let unreadable = |why: String| {
            Failure::failed("what the cluster says of itself to new machines cannot be understood")
                .because(why)
                .hint("look at it: kubectl -n kube-public get configmap cluster-info -o yaml")
        };
        let config: Kubeconfig = serde_saphyr::from_str(kubeconfig).map_err(|error| unreadable(error.to_string()))?;
        let [Cluster { cluster }] = config.clusters.as_slice() else {
            return Err(unreadable(format!("it names {} clusters, not one", config.clusters.len())));
        };
        let server: http::Uri =
            cluster.server.parse().map_err(|error| unreadable(format!("its server is no URL: {error}")))?;
        let host = server.host().ok_or_else(|| unreadable("its server has no host".into()))?;
        let (_, pem) = x509_parser::pem::parse_x509_pem(&decoded(&cluster.ca).map_err(unreadable)?)
            .map_err(|error| unreadable(format!("its CA is no PEM: {error}")))?;
        let certificate = pem.parse_x509().map_err(|error| unreadable(format!("its CA is no certificate: {error}")))?;
        let hash = hex::encode(Sha256::digest(certificate.public_key().raw));
        let endpoint = format!("{host}:{}", server.port_u16().unwrap_or(443));
        Ok(Entrance { endpoint, ca_hash: format!("sha256:{hash}") })
    }
}

fn decoded(text: &str) -> std::result::Result<Vec<u8>, String> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| format!("its CA is not base64: {error}"))
}

#[derive(serde::Deserialize)]
struct Kubeconfig {
    clusters: Vec<Cluster>,
}

#[derive(serde::Deserialize)]
struct Cluster {
    cluster: ClusterFields,
}

#[derive(serde::Deserialize)]
struct ClusterFields {
    server: String,
    #[serde(rename = "certificate-authority-data")]
    ca: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_the_form_that_kubernetes_wants_and_tells_nothing_of_itself() {
        let token = BootstrapToken::of_random(std::array::from_fn(|byte| byte as u8 * 11));
        let (id, secret) = token.reveal().split_once('.').map(|(id, secret)| (id.len(), secret.len())).unwrap();
        assert_eq!((id, secret), (6, 16));
        assert!(token.reveal().chars().all(|c| c == '.' || c.is_ascii_lowercase() || c.is_ascii_digit()));
        assert!(!format!("{token:?}").contains(&token.secret), "{token:?}");
        let object = token.object(&OperationId::from_text("op"), "2026-01-02T03:04:05.678Z".parse().unwrap());
        assert_eq!(object["metadata"]["name"], secret_name(&token.id));
        assert_eq!(object["stringData"]["expiration"], "2026-01-02T03:04:05Z");
    }

    /// A CA, and its hash as kubeadm documents to make it: `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`.
    #[test]
    fn a_cluster_tells_its_endpoint_and_the_hash_of_its_ca() {
        let ca = include_str!("testdata/ca.crt");
        let hash = include_str!("testdata/ca.hash").trim();
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(ca);
        let of = |server: &str| {
            format!("clusters:\n- cluster: {{ certificate-authority-data: {data}, server: '{server}' }}\n  name: ''\n")
        };
        let entrance = Entrance::of_cluster_info(&of("https://api.demo.example.com:6443")).unwrap();
        assert_eq!(entrance, Entrance { endpoint: "api.demo.example.com:6443".into(), ca_hash: hash.into() });
        assert_eq!(Entrance::of_cluster_info(&of("https://api.example.com")).unwrap().endpoint, "api.example.com:443");
        for bad in ["clusters: []", "{", &of("https://a").replace(&data[..40], "AAAA")] {
            assert!(Entrance::of_cluster_info(bad).is_err(), "{bad}");
        }
    }
}

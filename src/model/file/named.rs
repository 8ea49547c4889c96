//! The files that a cluster file names and whose text belongs to the cluster's record.

use super::types::ClusterFile;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The field that names it, for messages.
    pub field: &'static str,
    /// As written: a relative one counts from the cluster file's folder, `~/` is the home folder.
    pub path: String,
}

/// Whoever works on the cluster from another machine needs these. The private key and the kubeconfig are never among
/// them: they are secrets, and each machine has its own.
pub fn named_files(file: &ClusterFile) -> Vec<NamedFile> {
    let named = [
        ("kubernetes.podNetwork.manifest", &file.kubernetes.pod_network.manifest),
        ("ssh.publicKeyFile", &file.ssh.public_key_file),
    ];
    named.into_iter().filter_map(|(field, path)| Some(NamedFile { field, path: path.clone()? })).collect()
}

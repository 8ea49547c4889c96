use std::fmt;

/// One right that `scaler` needs in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    pub verb: &'static str,
    /// Empty for the core group.
    pub group: &'static str,
    pub resource: &'static str,
    pub subresource: &'static str,
    /// None: in all namespaces, or the resource has none.
    pub namespace: Option<&'static str>,
    /// What it is for, as the end of "needed to …".
    pub reason: &'static str,
}

impl fmt::Display for Right {
    /// As `kubectl auth can-i` takes it: `create pods/eviction`, `list poddisruptionbudgets.policy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        match self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}

const fn core(verb: &'static str, resource: &'static str, reason: &'static str) -> Right {
    Right { verb, group: "", resource, subresource: "", namespace: None, reason }
}

/// Every right that an operation uses, and nothing wider; where it lets machines join, those of [`JOINING`] too.
pub const RIGHTS: &[Right] = &[
    core("get", "namespaces", "know by the UID of kube-system which cluster this is"),
    core("list", "nodes", "see the cluster's nodes"),
    core("get", "nodes", "watch a node while it is drained"),
    core("patch", "nodes", "cordon a node and undo that, and keep its labels and taints"),
    core("delete", "nodes", "remove the Node object of a machine that is gone"),
    core("list", "pods", "see what runs on a node"),
    core("get", "pods", "see what became of a pod whose eviction met a conflict"),
    Right { subresource: "eviction", ..core("create", "pods", "evict a pod, so that its budget is respected") },
    core("get", "persistentvolumeclaims", "tell the volumes of pods that stay from those that must be detached"),
    Right { group: "policy", ..core("list", "poddisruptionbudgets", "know what each budget allows") },
    Right { group: "storage.k8s.io", ..core("list", "volumeattachments", "wait until volumes are detached") },
    Right {
        group: "coordination.k8s.io",
        namespace: Some("kube-node-lease"),
        ..core("list", "leases", "know when a kubelet last said that it lives")
    },
];

/// What an operation that lets machines join uses besides.
pub const JOINING: &[Right] = &[
    Right {
        namespace: Some("kube-public"),
        ..core("get", "configmaps", "know from cluster-info where new machines find the cluster")
    },
    Right { namespace: Some("kube-system"), ..core("create", "secrets", "make a bootstrap token for new machines") },
    Right { namespace: Some("kube-system"), ..core("delete", "secrets", "end that token when they have joined") },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_read_as_kubectl_takes_them() {
        let texts: Vec<String> = RIGHTS.iter().map(Right::to_string).collect();
        assert!(texts.contains(&"create pods/eviction".to_owned()));
        assert!(texts.contains(&"list poddisruptionbudgets.policy".to_owned()));
        assert!(texts.contains(&"list leases.coordination.k8s.io in namespace kube-node-lease".to_owned()));
    }
}

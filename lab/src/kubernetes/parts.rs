//! The command lines of the control plane's parts.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::access::kubeconfig_of;
use crate::error::{Doing, Result};
use crate::places;
use crate::supervised::Program;

/// In the order in which they start.
pub(super) const PARTS: [&str; 5] = ["etcd", "apiserver", "controller-manager", "scheduler", "kwok"];

const AUDIT_POLICY: &str = include_str!("../../kubernetes/audit-policy.yaml");

const STAGES: [(&str, &str); 6] = [
    ("node-joins", include_str!("../../kubernetes/stages/node-joins.yaml")),
    ("node-heartbeat", include_str!("../../kubernetes/stages/node-heartbeat.yaml")),
    ("pod-runs", include_str!("../../kubernetes/stages/pod-runs.yaml")),
    ("pod-completes", include_str!("../../kubernetes/stages/pod-completes.yaml")),
    ("pod-terminates", include_str!("../../kubernetes/stages/pod-terminates.yaml")),
    ("pod-silent", include_str!("../../kubernetes/stages/pod-silent.yaml")),
];

pub(super) struct Plan {
    folder: PathBuf,
    etcd: u16,
    peer: u16,
    api: u16,
}

impl Plan {
    /// Chooses ports and writes the files that the parts read.
    pub fn new(folder: &Path) -> Result<Self> {
        let stages: Vec<_> = STAGES.iter().map(|(_, text)| *text).collect();
        std::fs::write(folder.join("stages.yaml"), stages.join("\n---\n")).doing("writing kwok's stages")?;
        std::fs::write(folder.join("audit-policy.yaml"), AUDIT_POLICY).doing("writing the audit policy")?;
        let [etcd, peer, api] = free_ports()?;
        Ok(Self { folder: folder.to_owned(), etcd, peer, api })
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.api)
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    pub fn audit_log(&self) -> PathBuf {
        self.folder.join("audit.log")
    }

    pub fn program(&self, part: &str) -> Result<Program> {
        let mut args = vec![part.to_owned()];
        args.extend(match part {
            "etcd" => self.etcd(),
            "apiserver" => self.apiserver(),
            "controller-manager" => self.controller_manager(),
            "scheduler" => self.scheduler(),
            _ => self.kwok(),
        });
        let log = self.folder.join(format!("{part}.log"));
        Ok(Program { path: places::kubernetes()?, args, log })
    }

    fn etcd(&self) -> Vec<String> {
        vec![
            format!("--data-dir={}", self.file("etcd")),
            format!("--client-url=http://127.0.0.1:{}", self.etcd),
            format!("--peer-url=http://127.0.0.1:{}", self.peer),
        ]
    }

    fn apiserver(&self) -> Vec<String> {
        let mut args = words(
            "--bind-address=127.0.0.1 --advertise-address=127.0.0.1
             --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
             --enable-bootstrap-token-auth=true
             --service-account-issuer=https://kubernetes.default.svc
             --service-cluster-ip-range=10.96.0.0/16
             --audit-log-mode=blocking --profiling=false",
        );
        // By itself it begins a new file at 100 MB, and a test would not find what came before.
        args.push("--audit-log-maxsize=100000".to_owned());
        // The endpoints of the service `kubernetes` may not be loopback addresses, and nothing here uses it.
        args.push("--endpoint-reconciler-type=none".to_owned());
        args.push(format!("--etcd-servers=http://127.0.0.1:{}", self.etcd));
        args.push(format!("--secure-port={}", self.api));
        for (flag, file) in [
            ("tls-cert-file", "server.crt"),
            ("tls-private-key-file", "server.key"),
            ("client-ca-file", "ca.crt"),
            ("token-auth-file", "tokens.csv"),
            ("service-account-key-file", "service-account.pub"),
            ("service-account-signing-key-file", "service-account.key"),
            ("audit-policy-file", "audit-policy.yaml"),
            ("audit-log-path", "audit.log"),
        ] {
            args.push(format!("--{flag}={}", self.file(file)));
        }
        args
    }

    fn controller_manager(&self) -> Vec<String> {
        let mut args = words(
            "--leader-elect=false --secure-port=0 --use-service-account-credentials=true
             --controllers=*,bootstrapsigner,tokencleaner,-nodeipam
             --kube-api-qps=200 --kube-api-burst=400",
        );
        // Eight times kwok's renewal of a Lease: sooner than Kubernetes' 50 s, and a busy machine must not look dead.
        args.push("--node-monitor-grace-period=16s".to_owned());
        for (flag, file) in [
            ("root-ca-file", "ca.crt"),
            ("cluster-signing-cert-file", "ca.crt"),
            ("cluster-signing-key-file", "ca.key"),
            ("service-account-private-key-file", "service-account.key"),
        ] {
            args.push(format!("--{flag}={}", self.file(file)));
        }
        args.push(self.kubeconfig("system:kube-controller-manager"));
        args
    }

    fn scheduler(&self) -> Vec<String> {
        let mut args = words("--leader-elect=false --secure-port=0 --kube-api-qps=200 --kube-api-burst=400");
        args.push(self.kubeconfig("system:kube-scheduler"));
        args
    }

    fn kwok(&self) -> Vec<String> {
        vec![
            format!("--config={}", self.file("stages.yaml")),
            // A label and not an annotation: the API server itself tells kwok that a node which lost it is gone.
            format!("--manage-nodes-with-label-selector={}={}", super::node::KUBELET.0, super::node::KUBELET.1),
            // Renewed every quarter of it.
            "--node-lease-duration-seconds=8".to_owned(),
            "--node-ip=127.0.0.1".to_owned(),
            // Room for the pods of every test.
            "--cidr=10.244.0.0/16".to_owned(),
            self.kubeconfig("kwok"),
        ]
    }

    fn kubeconfig(&self, user: &str) -> String {
        format!("--kubeconfig={}", kubeconfig_of(&self.folder, user).display())
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Ports that are free now, all different: the listeners live until all are chosen.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut listeners = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").doing("looking for a free port")?;
        *port = listener.local_addr().doing("looking for a free port")?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

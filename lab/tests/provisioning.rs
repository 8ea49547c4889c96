//! The playbooks, from machines that answer to SSH to nodes: real Ansible, sshd, apt and kubeadm.

// Minutes each: for `make test-long`.
#[path = "provisioning/mod.rs"]
mod long;

//! The playbooks, from machines that answer to SSH to nodes: real Ansible, sshd, apt and kubeadm.

#[path = "provisioning/cluster.rs"]
mod cluster;
#[path = "provisioning/hosts.rs"]
mod hosts;
#[path = "provisioning/plays.rs"]
mod plays;
#[path = "provisioning/real.rs"]
mod real;
#[path = "provisioning/redhat.rs"]
mod redhat;

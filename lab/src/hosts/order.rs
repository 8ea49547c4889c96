use std::path::{Path, PathBuf};

/// A host, and what is to be special about it.
#[derive(Clone, Debug)]
pub struct HostOrder {
    pub(super) name: String,
    pub(super) address: Option<String>,
    pub(super) ssh: String,
    pub(super) real: bool,
    pub(super) image: Option<PathBuf>,
    pub(super) first: Option<String>,
}

impl HostOrder {
    /// A host of this name (the machine's own host name is another, made of its address, as clouds do it).
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), address: None, ssh: "0".to_owned(), real: false, image: None, first: None }
    }

    /// In the network's range; the next free one otherwise.
    #[must_use]
    pub fn address(mut self, address: &str) -> Self {
        self.address = Some(address.to_owned());
        self
    }

    /// Its sshd comes up so many seconds after the boot.
    #[must_use]
    pub fn ssh_after(mut self, seconds: u32) -> Self {
        self.ssh = seconds.to_string();
        self
    }

    /// Its sshd never comes up.
    #[must_use]
    pub fn without_ssh(mut self) -> Self {
        "never".clone_into(&mut self.ssh);
        self
    }

    /// Has this machine's devices, cgroups and kernel settings: the real kubelet and containerd can run there.
    #[must_use]
    pub fn real(mut self) -> Self {
        self.real = true;
        self
    }

    /// Has on its disk what an [image](super::Hosts::image) has.
    #[must_use]
    pub fn of_image(mut self, image: &Path) -> Self {
        self.image = Some(image.to_owned());
        self
    }

    /// A shell script that root runs there as soon as it is made. A [`HostBridge`](super::HostBridge) tells nobody its
    /// address before that has ended.
    #[must_use]
    pub fn first(mut self, script: &str) -> Self {
        self.first = Some(script.to_owned());
        self
    }
}

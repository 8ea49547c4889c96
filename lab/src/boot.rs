//! A cloud whose machines boot as their user-data says: EC2 and S3 are [`Moto`]'s, the machines are [`Hosts`]. Stand-ins:
//! the metadata service and cloud-init (`machine.py`).

mod wires;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::hosts::{Host, HostBridge, HostOrder, Hosts};
use crate::moto::Moto;
use wires::{Tunnel, Wire};

/// Dropping it ends machines and services.
pub struct BootCloud {
    bridge: HostBridge,
    hosts: Hosts,
    wire: Wire,
    tunnel: Tunnel,
    moto: Moto,
    image: OnceLock<PathBuf>,
}

impl BootCloud {
    /// The region of all that is there.
    pub const REGION: &str = "eu-west-1";

    /// The name of the API server. No name server knows it: hosts have it in a file, and this machine goes through the
    /// proxy that [`BootCloud::environment`] names.
    pub const ENDPOINT: &str = "api.lab.example.com";

    /// Without machines yet.
    ///
    /// # Panics
    /// When a part of it does not start: the message says why.
    #[track_caller]
    pub fn start() -> Self {
        let hosts = network();
        let moto = Moto::start();
        let wire = Wire::lay(&hosts.address(1), moto.url().trim_start_matches("http://"));
        let tunnel = Tunnel::to(&control_plane(&hosts));
        let bridge = HostBridge::start(&hosts, moto.source(Self::REGION));
        Self { bridge, hosts, wire, tunnel, moto, image: OnceLock::new() }
    }

    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub fn moto(&self) -> &Moto {
        &self.moto
    }

    /// The endpoint of every service, for this machine and for hosts.
    pub fn url(&self) -> String {
        self.wire.url()
    }

    /// The range of the VPC, whose first subnet is the hosts' network.
    pub fn cidr(&self) -> String {
        format!("{}/22", self.hosts.address(0))
    }

    /// The bootstrap tokens that were sent to the store so far.
    pub fn tokens(&self) -> BTreeSet<String> {
        self.wire.tokens()
    }

    /// What a process that shall use this cloud needs in its environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.moto.environment(Self::REGION);
        environment.push(("HTTPS_PROXY", self.tunnel.url()));
        environment
    }

    /// The first machine that is made, the cluster's first control plane, will have this name, and knows its own endpoint.
    pub fn expect_control_plane(&self, node: &str) {
        self.bridge.order(HostOrder::new(node).first(&resolved(&self.hosts)));
    }

    /// The machine of this name will be of a prepared image, and boots.
    #[track_caller]
    pub fn expect_booting(&self, node: &str) {
        self.bridge.order(HostOrder::new(node).of_image(self.image()).first(&self.boot()));
    }

    /// A host of a prepared image that is no machine of the cloud's: it does not boot, and answers to SSH.
    #[track_caller]
    pub fn make_prepared(&self, name: &str) -> Host {
        self.hosts.make_as(HostOrder::new(name).of_image(self.image()).first(&resolved(&self.hosts)))
    }

    /// The machine of this name will not boot.
    pub fn expect_dead(&self, node: &str) {
        self.bridge.order(HostOrder::new(node));
    }

    /// What `prepare` and `install` leave on a machine, as an image. It is made once.
    #[track_caller]
    pub fn image(&self) -> &PathBuf {
        self.image.get_or_init(|| self.hosts.image("image", &self.prepares()))
    }

    /// A script that does to a machine what makes an image.
    pub fn prepares(&self) -> String {
        format!(
            "set -e\n\
             echo 'deb [trusted=yes] {}/v1.36/deb/ /' > /etc/apt/sources.list.d/kubernetes.list\n\
             apt-get update -qq\n\
             DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends containerd kubelet kubeadm kubectl\n\
             systemctl enable containerd kubelet\n",
            self.hosts.mirror(),
        )
    }

    /// A script by which a prepared machine boots: it starts what is enabled, and runs its user-data.
    pub fn boot(&self) -> String {
        let (machine, resolved) = (include_str!("boot/machine.py"), resolved(&self.hosts));
        format!(
            "{resolved}sysctl -q -w net.ipv4.ip_forward=1\nsystemctl start containerd kubelet\n\
             cat > /root/machine.py <<'END'\n{machine}END\n\
             address=$(ip -4 -o address show dev eth0 | awk '{{print $4}}' | cut -d/ -f1)\n\
             setsid python3 /root/machine.py {} \"$address\" > /var/log/machine.log 2>&1 < /dev/null &\n",
            self.url(),
        )
    }
}

/// A network of hosts that is the first quarter of what AWS takes for a VPC: its first subnet is then the hosts' own.
fn network() -> Hosts {
    let mut others = Vec::new();
    loop {
        let hosts = Hosts::start();
        let third = hosts.address(0).split('.').nth(2).and_then(|part| part.parse::<u32>().ok());
        if third.is_some_and(|third| third % 4 == 0) {
            return hosts;
        }
        others.push(hosts);
    }
}

/// The first address that a subnet gives away.
fn control_plane(hosts: &Hosts) -> String {
    hosts.address(4)
}

fn resolved(hosts: &Hosts) -> String {
    format!("echo '{} {}' >> /etc/hosts\n", control_plane(hosts), BootCloud::ENDPOINT)
}

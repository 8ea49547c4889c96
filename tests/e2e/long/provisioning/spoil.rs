//! What is wrong with a host, and how it is mended.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use scaler_lab::Host;

const KEY: &str = "/etc/ssh/ssh_host_ed25519_key";

/// Waits longer than the lab's own `wait_for`: for what comes after a whole run of the playbooks.
#[track_caller]
pub fn wait_long<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(600);
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// No sshd answers, until [`sshd_back`].
pub const NO_SSHD: &str =
    "until [ -s /run/sshd.pid ]; do sleep 0.1; done; mv /usr/sbin/sshd /usr/sbin/sshd.away; kill $(cat /run/sshd.pid)";

/// The user is not let in, until [`let_in`].
pub const LOCKED_OUT: &str = "cd /home/ops/.ssh && mv authorized_keys away";

/// Who reads the list of Kubernetes' packages waits, until [`open`].
pub const HELD_AT_INSTALL: &str = r#"mv /usr/bin/apt-get /usr/bin/apt-get.real; touch /etc/gate
cat >/usr/bin/apt-get <<'END'
#!/bin/sh
case "$*" in *kubernetes.list*) : >/etc/at-install; while [ -e /etc/gate ]; do sleep 0.1; done;; esac
exec /usr/bin/apt-get.real "$@"
END
chmod 755 /usr/bin/apt-get"#;

/// `kubeadm join` has written all that it writes and waits to start the kubelet, until [`open`]: then it ends at once.
pub const HELD_IN_JOIN: &str = r#"touch /etc/gate; mkdir /etc/held
dpkg-divert --quiet --local --rename --divert /usr/bin/kubeadm.real --add /usr/bin/kubeadm
cat >/usr/bin/kubeadm <<'END'
#!/bin/sh
[ "$1" != join ] || [ ! -e /etc/gate ] || export PATH=/etc/held:$PATH
exec /usr/bin/kubeadm.real "$@"
END
cat >/etc/held/systemctl <<'END'
#!/bin/sh
[ "$*" = "restart kubelet" ] || exec /usr/bin/systemctl "$@"
: >/etc/in-join
while [ -e /etc/gate ]; do sleep 0.1; done
kill -KILL $PPID
END
chmod 755 /usr/bin/kubeadm /etc/held/systemctl"#;

/// `kubeadm join` makes a kubelet, and a member of etcd, but no control plane, until [`open`].
pub const HALF_A_CONTROL_PLANE: &str = r#"touch /etc/gate
dpkg-divert --quiet --local --rename --divert /usr/bin/kubeadm.real --add /usr/bin/kubeadm
cat >/usr/bin/kubeadm <<'END'
#!/bin/sh
[ "$1" = join ] && [ -e /etc/gate ] || exec /usr/bin/kubeadm.real "$@"
/usr/bin/kubeadm.real "$@" --skip-phases=control-plane-join,wait-control-plane
echo "error: half of it" >&2
exit 1
END
chmod 755 /usr/bin/kubeadm"#;

/// `kubeadm join` makes a member of etcd, and dies before its kubelet has a Node, until [`open`].
const WITHOUT_A_NODE: &str = r#"touch /etc/gate
cat >/usr/bin/kubeadm <<'END'
#!/bin/sh
[ "$1" = join ] && [ -e /etc/gate ] || exec /usr/bin/kubeadm.real "$@"
/usr/bin/kubeadm.real "$@" --skip-phases=control-plane-join,wait-control-plane
systemctl stop kubelet
mv /etc/kubernetes/kubelet.conf /etc/kubelet.conf.away
kubectl --kubeconfig=/etc/kubernetes/admin.conf delete node {} >/dev/null
echo "error: without a node" >&2
exit 1
END"#;

/// No way to the mirror at this address, until [`mirrored`].
pub fn without_mirror(address: &str) -> String {
    format!("ip rule add to {address} ipproto tcp dport 8000 prohibit")
}

pub fn mirrored(host: &Host, address: &str) {
    does(host, &format!("ip rule del to {address} ipproto tcp dport 8000 prohibit"));
}

/// A host that answered until now does so no more; what runs there goes on.
pub fn silence(host: &Host) {
    does(host, NO_SSHD);
}

pub fn sshd_back(host: &Host) {
    does(host, "mv /usr/sbin/sshd.away /usr/sbin/sshd");
    host.off();
    host.on();
    answers(host);
}

/// On a host that had [`HALF_A_CONTROL_PLANE`].
pub fn without_a_node(host: &Host) {
    does(host, &WITHOUT_A_NODE.replace("{}", host.name()));
}

/// A person's way out: with its Node, kubeadm finds its member of etcd.
pub fn reset_by_hand(host: &Host) {
    does(host, "mv /etc/kubelet.conf.away /etc/kubernetes/kubelet.conf && systemctl start kubelet");
    wait_long("its Node", || {
        let get = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "node", host.name()];
        (host.run(&get).code == Some(0)).then_some(())
    });
    let reset = host.run(&["kubeadm", "reset", "--force"]);
    assert!(reset.code == Some(0) && !reset.stderr.contains("manually"), "{}", reset.stderr);
    does(host, "rm /etc/kubernetes/scaler-joining");
}

/// A run was killed before it could say that `kubeadm join` had ended.
pub fn mark_joining(host: &Host) {
    does(host, "touch /etc/kubernetes/scaler-joining");
}

pub fn let_in(host: &Host) {
    does(host, "cd /home/ops/.ssh && mv away authorized_keys");
}

pub fn open(host: &Host) {
    does(host, "rm -f /etc/gate");
}

/// Its public key, without a comment.
pub fn host_key(host: &Host) -> String {
    let text = host.read(&format!("{KEY}.pub")).expect("a key");
    text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// Another key than before; the former one is kept for [`former_key`].
pub fn another_key(host: &Host) {
    does(host, &format!("cp {KEY} {KEY}.kept && cp {KEY}.pub {KEY}.pub.kept"));
    host.new_host_key();
}

pub fn former_key(host: &Host) {
    let back = format!("mv {KEY}.kept {KEY} && mv {KEY}.pub.kept {KEY}.pub");
    let anew = "old=$(cat /run/sshd.pid); kill $old; while [ \"$(cat /run/sshd.pid)\" = $old ]; do sleep 0.1; done";
    does(host, &format!("{back}; {anew}"));
    answers(host);
}

pub fn answers(host: &Host) {
    wait_long("sshd to answer", || TcpStream::connect((host.address(), 22)).ok());
}

#[track_caller]
fn does(host: &Host, script: &str) {
    let ran = host.run(&["sh", "-c", script]);
    assert_eq!(ran.code, Some(0), "{script} on {}: {}{}", host.name(), ran.stdout, ran.stderr);
}

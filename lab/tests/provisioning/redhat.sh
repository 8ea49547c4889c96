# Makes a host a relative of RHEL, as far as Ansible and the roles can tell: its name, dnf with an empty database, and a
# repository of Kubernetes' packages, signed. The packages hold no program, only a way to the lab's.
set -eu
cd /root
apt-get update --quiet
DEBIAN_FRONTEND=noninteractive apt-get install -y --quiet --no-install-recommends dnf rpm createrepo-c gnupg
mv /usr/bin/apt-get /usr/bin/apt-get.away
mv /usr/bin/apt /usr/bin/apt.away
printf 'ID="rocky"\nID_LIKE="rhel centos fedora"\nNAME="Rocky Linux"\nVERSION_ID="9.4"\n' >/etc/os-release
echo 'Rocky Linux release 9.4 (Blue Onyx)' >/etc/redhat-release
rm -f /etc/debian_version

# package NAME VERSION FILES [NEEDS]
package() {
  printf '%s\n' "Name: $1" "Version: $2" 'Release: 1' 'Summary: of the lab' 'License: none' 'AutoReqProv: no' \
    "${4:+Requires: $4}" '%description' 'Of the lab.' '%files' "$3" >"$1.spec"
  rpmbuild -bb --quiet --buildroot "/root/root-$1" --define '_rpmdir /srv/mirror/v1.36/rpm' "$1.spec"
}
# program PACKAGE NAME COMMAND
program() {
  mkdir -p "root-$1/usr/bin"
  printf '#!/bin/sh\n%s\n' "$3" >"root-$1/usr/bin/$2"
  chmod 755 "root-$1/usr/bin/$2"
}
# service PACKAGE NAME PROGRAM
service() {
  mkdir -p "root-$1/usr/lib/systemd/system"
  printf '[Service]\nExecStart=%s\nRestart=always\n[Install]\nWantedBy=multi-user.target\n' "$3" \
    >"root-$1/usr/lib/systemd/system/$2.service"
}
for version in 1.36.3 1.36.4; do
  program kubeadm kubeadm 'exec /opt/lab/lab-kubernetes kubeadm "$@"'
  package kubeadm "$version" /usr/bin/kubeadm
  program kubectl kubectl 'exec /opt/lab/lab-kubernetes kubectl "$@"'
  package kubectl "$version" /usr/bin/kubectl
  program kubelet kubelet 'exec /opt/lab/lab-kubernetes stand-in-kubelet "$@"'
  service kubelet kubelet /usr/bin/kubelet
  package kubelet "$version" '/usr/bin/kubelet
/usr/lib/systemd/system/kubelet.service' kubernetes-cni
done
package kubernetes-cni 1.8.0 ''
program containerd.io containerd 'exec /opt/lab/lab-kubernetes stand-in-runtime "$@"'
service containerd.io containerd /usr/bin/containerd
package containerd.io 2.1.0 '/usr/bin/containerd
/usr/lib/systemd/system/containerd.service'
program chrony chronyd 'exec sleep infinity'
service chrony chronyd /usr/bin/chronyd
package chrony 4.6 '/usr/bin/chronyd
/usr/lib/systemd/system/chronyd.service'

gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key lab rsa2048 sign never
rpmsign --define '_gpg_name lab' --define '__gpg /usr/bin/gpg' --addsign /srv/mirror/v1.36/rpm/*/*.rpm
createrepo_c --quiet /srv/mirror/v1.36/rpm
gpg --armor --export lab >/srv/mirror/v1.36/rpm/repodata/repomd.xml.key
# RHEL's own repository, which has chrony.
mkdir -p /etc/yum.repos.d
printf '[baseos]\nname=RHEL\nbaseurl=file:///srv/mirror/v1.36/rpm\ngpgcheck=0\nincludepkgs=chrony\n' >/etc/yum.repos.d/baseos.repo

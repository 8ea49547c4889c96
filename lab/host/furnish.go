package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// furnish makes what differs from machine to machine: names, people, keys, where packages come from.
func (h *host) furnish() error {
	// What this machine runs and trusts is not the host's.
	for _, pattern := range []string{
		"/etc/systemd/system/*", "/etc/apt/sources.list", "/etc/apt/sources.list.d/*", "/etc/apt/apt.conf.d/*",
		"/var/lib/apt/lists/*", "/etc/ssh/ssh_host_*", "/etc/kubernetes", "/var/lib/kubelet/*", "/var/lib/containerd/*", "/etc/containerd", "/etc/cni",
		"/etc/profile.d/*", "/etc/environment", "/opt/cni",
	} {
		found, _ := filepath.Glob(pattern) // the patterns are constants
		for _, one := range found {
			if err := os.RemoveAll(one); err != nil {
				return err
			}
		}
	}
	if err := h.forget("containerd", "chrony", "kubelet", "kubeadm", "kubectl"); err != nil {
		return err
	}
	home := "/home/" + h.User
	for _, folder := range []string{"/run/sshd", "/run/lock", "/run/systemd/system", "/var/log/apt", "/etc/systemd/system", home + "/.ssh"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"/etc/hostname":         h.Name + "\n",
		"/etc/hosts":            "127.0.0.1 localhost\n" + h.Address + " " + h.Name + "\n",
		"/etc/resolv.conf":      "# this network has no names\n",
		"/etc/machine-id":       fmt.Sprintf("%032x\n", []byte(fmt.Sprintf("%16s", h.Address))),
		"/etc/sudoers.d/lab":    h.User + " ALL=(ALL) NOPASSWD: ALL\n",
		"/etc/apt/sources.list": h.Sources,
		"/etc/fstab":            "",
		// A disk in memory need not be waited for.
		"/etc/dpkg/dpkg.cfg.d/lab":     "force-unsafe-io\n",
		home + "/.ssh/authorized_keys": h.Key + "\n",
		sshdConfig: "LogLevel VERBOSE\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n" +
			"AcceptEnv LANG LC_*\nMaxStartups 100\nSubsystem sftp internal-sftp\nHostKey /etc/ssh/ssh_host_ed25519_key\n",
	} {
		// Some are links on this machine.
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, link := range []string{"/usr/bin/systemctl", "/usr/bin/journalctl"} {
		if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.Symlink("/opt/lab/lab-host", link); err != nil {
			return err
		}
	}
	// Not locked, and without a password: sshd refuses locked ones.
	if err := tool("useradd", "--no-create-home", "--home-dir", home, "--shell", "/bin/bash", "--password", "*", h.User); err != nil {
		return err
	}
	if err := tool("chown", "-R", h.User, home); err != nil {
		return err
	}
	if h.Real {
		if err := h.real(); err != nil {
			return err
		}
	}
	return tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
}

// forget makes a host a machine on which these packages of this machine's were never installed.
func (h *host) forget(packages ...string) error {
	const status = "/var/lib/dpkg/status"
	text, err := os.ReadFile(status)
	if err != nil {
		return err
	}
	var kept []string
	for entry := range strings.SplitSeq(string(text), "\n\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(entry, "Package: "), "\n")
		if !slices.Contains(packages, name) {
			kept = append(kept, entry)
		}
	}
	return os.WriteFile(status, []byte(strings.Join(kept, "\n\n")), 0o644)
}

package main

import (
	"os"
	"path/filepath"
)

// containerd as it runs where its root lacks some rights, and with images of the lab's alone.
const containerdSettings = `version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lab.local/pod:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`

// A network of pods on one host, as a pod network's own program would write it.
const podNetwork = `{
  "cniVersion": "0.4.0", "name": "lab",
  "plugins": [{
    "type": "bridge", "bridge": "cni0", "isGateway": true,
    "ipam": { "type": "host-local", "ranges": [[{ "subnet": "10.244.9.0/24" }]] }
  }]
}
`

// real makes the difference between a host and one on which nothing of Kubernetes is a stand-in.
func (h *host) real() error {
	for name, text := range map[string]string{
		"/etc/lab-real-node":              "the kubelet's package starts the kubelet\n",
		"/etc/containerd/conf.d/lab.toml": containerdSettings,
		"/etc/cni/net.d/10-lab.conflist":  podNetwork,
		"/etc/apt/preferences.d/lab":      "Package: containerd\nPin: version 1.*\nPin-Priority: 1001\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return h.makeCgroups()
}

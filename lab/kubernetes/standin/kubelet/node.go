package kubelet

import (
	"context"
	"net"
	"os"
	"runtime"
	"strings"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/version"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	config "k8s.io/kubernetes/pkg/kubelet/apis/config"
)

const (
	leases   = "kube-node-lease"
	beat     = 2 * time.Second
	leaseFor = int32(40)
)

type node struct {
	client   *kubernetes.Clientset
	name     string
	static   *staticPods
	flags    *options.KubeletFlags
	settings *config.KubeletConfiguration
}

// live registers the Node and keeps it alive until the context ends. As the
// kubelet: a Node that was deleted meanwhile is not made again, but by the next start.
func (n node) live(ctx context.Context) {
	registered := false
	for {
		if !registered {
			registered = n.register(ctx)
		}
		if registered {
			n.heartbeat(ctx)
			n.mirror(ctx, n.static.pods())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(beat):
		}
	}
}

func (n node) register(ctx context.Context) bool {
	labels := map[string]string{core.LabelHostname: n.name, core.LabelOSStable: runtime.GOOS, core.LabelArchStable: runtime.GOARCH}
	for key, value := range n.flags.NodeLabels {
		labels[key] = value
	}
	wanted := &core.Node{ObjectMeta: meta.ObjectMeta{Name: n.name, Labels: labels}}
	wanted.Spec.ProviderID = n.settings.ProviderID
	wanted.Spec.Taints = n.settings.RegisterWithTaints
	_, err := n.client.CoreV1().Nodes().Create(ctx, wanted, meta.CreateOptions{})
	if err != nil && !errors.IsAlreadyExists(err) {
		klog.Errorf("registering %s: %v", n.name, err)
		return false
	}
	return true
}

func (n node) heartbeat(ctx context.Context) {
	if err := n.renew(ctx); err != nil && ctx.Err() == nil {
		klog.Errorf("the lease of %s: %v", n.name, err)
	}
	found, err := n.client.CoreV1().Nodes().Get(ctx, n.name, meta.GetOptions{})
	if err == nil && !ready(found) {
		found.Status = n.status()
		_, err = n.client.CoreV1().Nodes().UpdateStatus(ctx, found, meta.UpdateOptions{})
	}
	if err != nil && ctx.Err() == nil {
		klog.Errorf("the status of %s: %v", n.name, err)
	}
}

func ready(node *core.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == core.NodeReady {
			return condition.Status == core.ConditionTrue
		}
	}
	return false
}

func (n node) renew(ctx context.Context) error {
	client := n.client.CoordinationV1().Leases(leases)
	now := meta.NowMicro()
	seconds := leaseFor
	lease, err := client.Get(ctx, n.name, meta.GetOptions{})
	if errors.IsNotFound(err) {
		_, err = client.Create(ctx, &coordination.Lease{
			ObjectMeta: meta.ObjectMeta{Name: n.name},
			Spec:       coordination.LeaseSpec{HolderIdentity: &n.name, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}, meta.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = client.Update(ctx, lease, meta.UpdateOptions{})
	return err
}

func (n node) status() core.NodeStatus {
	now := meta.Now()
	room := core.ResourceList{
		core.ResourceCPU:    resource.MustParse("2"),
		core.ResourceMemory: resource.MustParse("8Gi"),
		core.ResourcePods:   *resource.NewQuantity(int64(n.settings.MaxPods), resource.DecimalSI),
	}
	status := core.NodeStatus{
		Capacity:    room,
		Allocatable: room,
		Addresses:   []core.NodeAddress{{Type: core.NodeHostName, Address: n.name}},
		Conditions: []core.NodeCondition{{
			Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady", Message: "a stand-in without containers",
			LastHeartbeatTime: now, LastTransitionTime: now,
		}},
	}
	status.NodeInfo.KubeletVersion = version.Get().String()
	status.NodeInfo.OperatingSystem = runtime.GOOS
	status.NodeInfo.Architecture = runtime.GOARCH
	if address := n.address(); address != "" {
		status.Addresses = append(status.Addresses, core.NodeAddress{Type: core.NodeInternalIP, Address: address})
	}
	return status
}

// address is what --node-ip says, or else the first one that is not loopback's.
func (n node) address() string {
	if given := n.flags.NodeIP; given != "" {
		return strings.Split(given, ",")[0]
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	found, err := net.LookupHost(name)
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0]
}

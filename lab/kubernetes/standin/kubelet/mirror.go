package kubelet

import (
	"context"
	"fmt"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/types"
)

// mirror shows the static pods to the API server, as the kubelet does: by them
// kubeadm knows where etcd's members are, and a drain that they are nobody's to evict.
func (n node) mirror(ctx context.Context, static map[string]*core.Pod) {
	if len(static) == 0 {
		return
	}
	self, err := n.client.CoreV1().Nodes().Get(ctx, n.name, meta.GetOptions{})
	if err != nil {
		return // it is told where the heartbeat fails
	}
	for hash, pod := range static {
		shown := pod.DeepCopy()
		shown.Name = fmt.Sprintf("%s-%s", pod.Name, n.name)
		shown.Spec.NodeName = n.name
		if shown.Annotations == nil {
			shown.Annotations = map[string]string{}
		}
		shown.Annotations[types.ConfigMirrorAnnotationKey] = hash
		shown.Annotations[types.ConfigHashAnnotationKey] = hash
		shown.Annotations[types.ConfigSourceAnnotationKey] = types.FileSource
		yes := true
		shown.OwnerReferences = []meta.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.name, UID: self.UID, Controller: &yes}}
		_, err := n.client.CoreV1().Pods(shown.Namespace).Create(ctx, shown, meta.CreateOptions{})
		if err != nil && !errors.IsAlreadyExists(err) {
			klog.Errorf("the mirror of %s: %v", shown.Name, err)
		}
	}
}

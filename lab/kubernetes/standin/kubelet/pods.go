package kubelet

import (
	"context"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/klog/v2"
)

// followPods says of this node's pods that they run as soon as they are here,
// and lets those go that are being deleted.
func (n node) followPods(ctx context.Context) {
	here := meta.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", n.name).String()}
	for ctx.Err() == nil {
		pods, err := n.client.CoreV1().Pods(meta.NamespaceAll).List(ctx, here)
		if err != nil {
			klog.Errorf("the pods of %s: %v", n.name, err)
		} else {
			for index := range pods.Items {
				n.attend(ctx, &pods.Items[index])
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(beat / 2):
		}
	}
}

func (n node) attend(ctx context.Context, pod *core.Pod) {
	client := n.client.CoreV1().Pods(pod.Namespace)
	var err error
	switch {
	case pod.DeletionTimestamp != nil:
		now := int64(0)
		err = client.Delete(ctx, pod.Name, meta.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &meta.Preconditions{UID: &pod.UID}})
	case pod.Status.Phase == core.PodPending:
		pod.Status = running(pod)
		_, err = client.UpdateStatus(ctx, pod, meta.UpdateOptions{})
	}
	if err != nil && !errors.IsNotFound(err) && !errors.IsConflict(err) {
		klog.Errorf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
	}
}

func running(pod *core.Pod) core.PodStatus {
	now := meta.Now()
	status := core.PodStatus{Phase: core.PodRunning, StartTime: &now}
	for _, kind := range []core.PodConditionType{core.PodInitialized, core.PodReady, core.ContainersReady, core.PodScheduled} {
		status.Conditions = append(status.Conditions, core.PodCondition{Type: kind, Status: core.ConditionTrue, LastTransitionTime: now})
	}
	started := true
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, core.ContainerStatus{
			Name: container.Name, Image: container.Image, Ready: true, Started: &started,
			State: core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: now}},
		})
	}
	return status
}

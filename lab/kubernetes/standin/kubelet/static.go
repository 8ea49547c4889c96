package kubelet

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"
)

// staticPods runs what the manifests of a folder say, as processes of this
// host: the control plane that kubeadm wrote. The paths that it mounts into the
// containers are the host's own, so nothing needs to be mounted.
type staticPods struct {
	folder  string
	mutex   sync.Mutex
	running map[string]*process
}

// A process runs until its manifest goes, and is started again when it ends.
type process struct {
	text [sha256.Size]byte
	pod  *core.Pod
	stop context.CancelFunc
	done chan struct{}
}

func (s *staticPods) follow(ctx context.Context) {
	for ctx.Err() == nil {
		s.compare(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// compare starts what is new or has changed, and stops what is gone.
func (s *staticPods) compare(ctx context.Context) {
	files, _ := filepath.Glob(filepath.Join(s.folder, "*.yaml")) // the pattern is constant
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it goes just now
		}
		seen[file] = true
		sum := sha256.Sum256(text)
		if old := s.running[file]; old != nil {
			if old.text == sum {
				continue
			}
			s.endOne(file)
		}
		var pod core.Pod
		if err := yaml.Unmarshal(text, &pod); err != nil || len(pod.Spec.Containers) == 0 {
			klog.Errorf("%s is no pod yet: %v", file, err)
			continue
		}
		s.start(ctx, file, sum, &pod)
	}
	for file := range s.running {
		if !seen[file] {
			s.endOne(file)
		}
	}
}

func (s *staticPods) start(ctx context.Context, file string, text [sha256.Size]byte, pod *core.Pod) {
	ctx, stop := context.WithCancel(ctx)
	started := &process{text: text, pod: pod, stop: stop, done: make(chan struct{})}
	s.mutex.Lock()
	s.running[file] = started
	s.mutex.Unlock()
	container := &pod.Spec.Containers[0]
	klog.Infof("static pod %s: %v", file, container.Command)
	go func() {
		defer close(started.done)
		for ctx.Err() == nil {
			err := run(ctx, container)
			klog.Infof("static pod %s ended: %v", file, err)
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	}()
}

// Which part of this program an image's command is.
var commands = map[string]string{
	"etcd":                    "etcd-itself",
	"kube-apiserver":          "apiserver",
	"kube-controller-manager": "controller-manager",
	"kube-scheduler":          "scheduler",
}

func run(ctx context.Context, container *core.Container) error {
	log, err := os.OpenFile(filepath.Join("/var/log", container.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	if len(container.Command) == 0 || commands[container.Command[0]] == "" {
		return fmt.Errorf("%v is no command of a control plane", container.Command)
	}
	arguments := append([]string{commands[container.Command[0]]}, container.Command[1:]...)
	command := exec.CommandContext(ctx, "/proc/self/exe", append(arguments, container.Args...)...)
	command.Stdout, command.Stderr = log, log
	command.Env = os.Environ()
	for _, variable := range container.Env {
		command.Env = append(command.Env, variable.Name+"="+variable.Value)
	}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 3 * time.Second
	return command.Run()
}

func (s *staticPods) endOne(file string) {
	s.mutex.Lock()
	process := s.running[file]
	delete(s.running, file)
	s.mutex.Unlock()
	process.stop()
	<-process.done
}

// pods is what runs, by the hash of its manifest.
func (s *staticPods) pods() map[string]*core.Pod {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	pods := map[string]*core.Pod{}
	for _, process := range s.running {
		pods[fmt.Sprintf("%x", process.text[:16])] = process.pod
	}
	return pods
}

// end stops all of them: without its kubelet such a host runs nothing.
func (s *staticPods) end() {
	s.mutex.Lock()
	var all []*process
	for _, process := range s.running {
		all = append(all, process)
	}
	s.mutex.Unlock()
	for _, process := range all {
		process.stop()
	}
	for _, process := range all {
		<-process.done
	}
}

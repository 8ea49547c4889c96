// Package kubelet stands in for the kubelet on a host of the lab that has no
// containers. It is the kubelet's own up to the Node: its flags, its reading
// and validation of the configuration that kubeadm wrote, its TLS bootstrap.
// Then it registers the Node with the certificate that it got, keeps its lease,
// says of its pods that they run, and runs static pods as plain processes.
package kubelet

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/version/verflag"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	config "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
	"k8s.io/kubernetes/pkg/kubelet/certificate/bootstrap"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	filesystem "k8s.io/kubernetes/pkg/util/filesystem"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
)

// Run takes the kubelet's command line, and works until it is told to stop.
func Run(arguments []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	flags, settings, err := settings(ctx, arguments)
	if err != nil {
		return err
	}
	go serveHealth(settings)
	pods := &staticPods{folder: settings.StaticPodPath, running: map[string]*process{}}
	if pods.folder != "" {
		go pods.follow(ctx)
		defer pods.end()
	}

	name := flags.HostnameOverride
	if name == "" {
		if name, err = os.Hostname(); err != nil {
			return err
		}
	}
	client, err := join(ctx, flags, strings.ToLower(name))
	if err != nil {
		return err
	}
	node := node{client: client, static: pods, name: strings.ToLower(name), flags: flags, settings: settings}
	go node.followPods(ctx)
	node.live(ctx)
	return nil
}

// settings is the command line and the file that it names, as the kubelet itself reads and judges them.
func settings(ctx context.Context, arguments []string) (*options.KubeletFlags, *config.KubeletConfiguration, error) {
	flags := options.NewKubeletFlags()
	settings, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, nil, err
	}
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	flags.AddFlags(set)
	options.AddKubeletConfigFlags(set, settings)
	options.AddGlobalFlags(set)
	if err := set.Parse(arguments); err != nil {
		return nil, nil, fmt.Errorf("the command line: %w", err)
	}
	verflag.PrintAndExitIfRequested()
	if err := options.ValidateKubeletFlags(flags); err != nil {
		return nil, nil, err
	}
	if file := flags.KubeletConfigFile; file != "" {
		loader, err := configfiles.NewFsLoader(&filesystem.DefaultFs{}, file)
		if err != nil {
			return nil, nil, err
		}
		if settings, err = loader.Load(ctx); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		// What the command line says counts more than the file.
		set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
		set.ParseErrorsAllowlist.UnknownFlags = true
		options.AddKubeletConfigFlags(set, settings)
		if err := set.Parse(arguments); err != nil {
			return nil, nil, fmt.Errorf("the command line: %w", err)
		}
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(settings.FeatureGates); err != nil {
		return nil, nil, err
	}
	return flags, settings, validation.ValidateKubeletConfiguration(settings, utilfeature.DefaultFeatureGate)
}

// serveHealth is what kubeadm asks before it goes on.
func serveHealth(settings *config.KubeletConfiguration) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = answer.Write([]byte("ok")) // whoever asked and went away needs no answer
	})
	address := fmt.Sprintf("%s:%d", settings.HealthzBindAddress, settings.HealthzPort)
	klog.Fatalf("health on %s: %v", address, http.ListenAndServe(address, mux))
}

// join ends with a client that is the node: by the bootstrap file where there is no certificate yet.
func join(ctx context.Context, flags *options.KubeletFlags, name string) (*kubernetes.Clientset, error) {
	if flags.KubeConfig == "" {
		return nil, fmt.Errorf("--kubeconfig is not given: it would belong to no cluster")
	}
	certificates := filepath.Join(flags.RootDirectory, "pki")
	if flags.CertDirectory != "" {
		certificates = flags.CertDirectory
	}
	for {
		err := bootstrap.LoadClientCert(ctx, flags.KubeConfig, flags.BootstrapKubeconfig, certificates, types.NodeName(name))
		if err == nil {
			break
		}
		klog.Errorf("joining as %s: %v", name, err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	access, err := clientcmd.BuildConfigFromFlags("", flags.KubeConfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(access)
}

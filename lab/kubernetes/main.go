// Command lab-kubernetes is every part of the lab's Kubernetes in one program:
// the first argument names the part, the rest is that part's own command line.
// One program links the code that the parts share once, which is what keeps
// its build under five minutes.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata" // CronJobs name time zones, and a test machine may have no database of them

	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// A part runs until it is told to stop, and returns the program's exit code.
var parts = map[string]func() int{
	"certificates":       runCertificates,
	"etcd":               runEtcd,
	"etcd-itself":        runEtcdItself,
	"apiserver":          runAPIServer,
	"controller-manager": runControllerManager,
	"scheduler":          runScheduler,
	"kwok":               runKwok,
	"kubeadm":            runKubeadm,
	"kubectl":            runKubectl,
	"kubelet":            runKubelet,
	"stand-in-kubelet":   runStandInKubelet,
	"stand-in-runtime":   runStandInRuntime,
}

func main() {
	os.Exit(run())
}

func run() int {
	// A link named kubectl is kubectl: scaler finds its tools by name.
	if filepath.Base(os.Args[0]) == "kubectl" {
		return runKubectl()
	}
	if len(os.Args) > 1 {
		if part, known := parts[os.Args[1]]; known {
			// The parts read os.Args themselves, as the programs they are elsewhere.
			os.Args = append([]string{os.Args[1]}, os.Args[2:]...)
			return part()
		}
	}
	names := slices.Sorted(maps.Keys(parts))
	fmt.Fprintf(os.Stderr, "lab-kubernetes: the first argument names the part to run, one of: %s\n", strings.Join(names, ", "))
	return 64
}

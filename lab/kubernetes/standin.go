package main

import (
	"fmt"
	"os"

	"scaler/lab/kubernetes/standin/kubelet"
	"scaler/lab/kubernetes/standin/runtime"
)

func runStandInKubelet() int {
	return report("kubelet", kubelet.Run(os.Args[1:]))
}

// runStandInRuntime is told by no one where to listen: containerd's own place.
func runStandInRuntime() int {
	return report("containerd", runtime.Serve("/run/containerd/containerd.sock"))
}

func report(what string, err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		return 1
	}
	return 0
}

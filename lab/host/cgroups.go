package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const cgroups = "/sys/fs/cgroup"

// cgroupRoot is where the kubelet of a real host makes its cgroups: this machine has one tree for all.
func (h *host) cgroupRoot() string { return "lab-" + strings.ReplaceAll(h.Address, ".", "-") }

// makeCgroups makes the root in each hierarchy of the first version, or in the one of the second.
func (h *host) makeCgroups() error {
	hierarchies, _ := filepath.Glob(cgroups + "/*/cgroup.procs") // the pattern is constant
	if _, err := os.Stat(cgroups + "/cgroup.controllers"); err == nil {
		hierarchies = []string{cgroups + "/cgroup.procs"}
	}
	for _, hierarchy := range hierarchies {
		parent := filepath.Dir(hierarchy)
		root := filepath.Join(parent, h.cgroupRoot())
		if err := os.MkdirAll(root, 0o755); err != nil {
			return err
		}
		// Without them no process can be put there; only one hierarchy has them.
		for _, name := range []string{"cpuset.mems", "cpuset.cpus"} {
			if given, err := os.ReadFile(filepath.Join(parent, name)); err == nil && filepath.Base(parent) != "unified" {
				if err := os.WriteFile(filepath.Join(root, name), given, 0o644); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// runSweep takes away the cgroups of the real hosts of a network that is no more, such as 198.18.3; of other networks
// they may be empty and needed.
func runSweep(arguments []string) error {
	if len(arguments) != 1 || !strings.HasPrefix(arguments[0], "198.") {
		return fmt.Errorf("one argument is wanted: the network's first three numbers")
	}
	name := "lab-" + strings.ReplaceAll(arguments[0], ".", "-") + "-*"
	roots, _ := filepath.Glob(filepath.Join(cgroups, name)) // numbers make no bad pattern
	more, _ := filepath.Glob(filepath.Join(cgroups, "*", name))
	for _, root := range append(roots, more...) {
		var folders []string
		_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return nil // it is going just now
		})
		for index := len(folders) - 1; index >= 0; index-- {
			_ = os.Remove(folders[index]) // a busy one stays
		}
	}
	return nil
}

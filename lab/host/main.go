// Command lab-host makes machines of a network of their own out of this one:
// Linux namespaces, with a file system laid over the machine's. It is also
// what stands on them in the place of systemd.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Each takes its arguments, and returns when its work is done.
var parts = map[string]func([]string) error{
	"network":    runNetwork,
	"bridge":     runBridge,
	"host":       runHost,
	"inside":     runInside,
	"pod":        runPod,
	"sweep":      runSweep,
	"unit":       runUnit,
	"systemctl":  runSystemctl,
	"journalctl": runJournalctl,
}

func init() {
	// Parent-death signals and namespaces belong to threads: all that makes them is done on this one.
	runtime.LockOSThread()
}

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if _, known := parts[name]; !known && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	}
	part, known := parts[name]
	if !known {
		fmt.Fprintf(os.Stderr, "lab-host: the first argument names what to be, one of: %s\n",
			strings.Join(slices.Sorted(maps.Keys(parts)), ", "))
		os.Exit(64)
	}
	if err := part(arguments); err != nil {
		if _, quiet := err.(exitWith); !quiet {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		}
		os.Exit(exitCode(err))
	}
}

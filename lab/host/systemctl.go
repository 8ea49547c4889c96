package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// runSystemctl is what Ansible's systemd module, kubeadm and packages ask of systemctl.
func runSystemctl(arguments []string) error {
	now := slices.Contains(arguments, "--now")
	var words []string
	for index := 0; index < len(arguments); index++ {
		switch word := arguments[index]; {
		case word == "-p" || word == "-n":
			index++
		case !strings.HasPrefix(word, "-"):
			words = append(words, word)
		}
	}
	if slices.Contains(arguments, "--version") || len(words) == 0 {
		fmt.Println("systemd 252 (a stand-in of the lab)")
		return nil
	}
	verb, names := words[0], words[1:]
	switch verb {
	case "boot":
		return bootUnits()
	case "daemon-reload", "reset-failed", "preset", "is-system-running":
		return nil // units are read anew each time
	}
	if len(names) == 0 {
		return fmt.Errorf("systemctl %s: which unit?", verb)
	}
	for _, name := range names {
		if err := act(verb, name, now); err != nil {
			return err
		}
	}
	return nil
}

func act(verb, name string, now bool) error {
	found, err := load(name)
	if err != nil {
		return err
	}
	if verb == "show" {
		return show(name, found)
	}
	if found == nil {
		fmt.Fprintf(os.Stderr, "Unit %s.service could not be found.\n", bare(name))
		return exitWith(4)
	}
	state, _ := found.state()
	switch verb {
	case "start":
		return found.begin()
	case "stop":
		return found.halt()
	case "restart", "reload-or-restart":
		return errors.Join(found.halt(), found.begin())
	case "try-restart", "reload":
		if state == "active" {
			return errors.Join(found.halt(), found.begin())
		}
		return nil
	case "enable":
		if err := found.enable(); err != nil || !now {
			return err
		}
		return found.begin()
	case "disable":
		if err := found.disable(); err != nil || !now {
			return err
		}
		return found.halt()
	case "is-active", "status":
		fmt.Println(state)
		return when(state == "active", 3)
	case "is-enabled":
		fmt.Println(map[bool]string{true: "enabled", false: "disabled"}[found.enabled()])
		return when(found.enabled(), 1)
	case "is-failed":
		fmt.Println(state)
		return when(state == "failed", 1)
	}
	return fmt.Errorf("the stand-in does not know `systemctl %s`", verb)
}

func when(good bool, code int) error {
	if good {
		return nil
	}
	return exitWith(code)
}

// show is the properties that Ansible looks at.
func show(name string, found *unit) error {
	if found == nil {
		fmt.Printf("Id=%s.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n", bare(name))
		return nil
	}
	state, pid := found.state()
	sub := map[string]string{"active": "running", "activating": "auto-restart", "failed": "failed", "inactive": "dead"}[state]
	file := map[bool]string{true: "enabled", false: "disabled"}[found.enabled()]
	fmt.Printf("Id=%s.service\nNames=%s.service\nLoadState=loaded\nActiveState=%s\nSubState=%s\nUnitFileState=%s\nMainPID=%d\nFragmentPath=%s\n",
		found.name, found.name, state, sub, file, pid, found.file)
	return nil
}

func bootUnits() error {
	// Of a boot before this one.
	if err := os.RemoveAll(units); err != nil {
		return err
	}
	links, _ := filepath.Glob(filepath.Join(wanted, "*.service")) // the pattern is constant
	var failures error
	for _, link := range links {
		found, err := load(filepath.Base(link))
		if err == nil && found != nil {
			err = found.begin()
		}
		failures = errors.Join(failures, err)
	}
	return failures
}

// runJournalctl shows the end of a unit's log: `journalctl -u kubelet -n 40`.
func runJournalctl(arguments []string) error {
	name, lines := "", "1000"
	for index, word := range arguments {
		value, _ := strings.CutPrefix(word, "--unit=")
		switch {
		case value != word:
			name = value
		case word == "-u" && index+1 < len(arguments):
			name = arguments[index+1]
		case strings.HasPrefix(word, "--lines="):
			lines = word[len("--lines="):]
		case word == "-n" && index+1 < len(arguments):
			lines = arguments[index+1]
		}
	}
	tail := exec.Command("tail", "-n", lines, journal(name))
	tail.Stdout, tail.Stderr = os.Stdout, os.Stderr
	return tail.Run()
}

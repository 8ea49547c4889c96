package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// A host as it is ordered: JSON in the one argument of `host` and `inside`.
type host struct {
	Name    string `json:"name"`    // its host name
	Folder  string `json:"folder"`  // for `host.json` and `sshd.log`; its disk is mounted there
	Network int    `json:"network"` // the process inside of the network
	Address string `json:"address"` // in the network's /24
	User    string `json:"user"`    // who may log in, and is root by sudo
	Key     string `json:"key"`     // the user's public key
	Tools   string `json:"tools"`   // the folder with the lab's programs, at /opt/lab
	Sources string `json:"sources"` // apt's one-line sources: what the machine's distribution is
	SSH     string `json:"ssh"`     // when sshd comes up: seconds after boot, or "never"
	Real    bool   `json:"real"`    // gets this machine's devices, cgroups and kernel settings: for a real kubelet
}

func order(arguments []string) (*host, error) {
	var ordered host
	if len(arguments) != 1 {
		return nil, fmt.Errorf("one argument is wanted: the host as JSON")
	}
	return &ordered, json.Unmarshal([]byte(arguments[0]), &ordered)
}

// What the first process of a host says once its disk is as it shall be.
const laidOut = "laid out\n"

// runHost is a machine. USR1 is a power cut, USR2 the power coming back; its end is the machine's.
func runHost(arguments []string) error {
	ordered, err := order(arguments)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)

	inside, err := again("inside", arguments[0])
	if err != nil {
		return err
	}
	inside.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
	pipe, err := inside.StdinPipe()
	if err != nil {
		return err
	}
	answers, err := inside.StdoutPipe()
	if err != nil {
		return err
	}
	if err := inside.Start(); err != nil {
		return fmt.Errorf("name spaces cannot be made, which takes root: %w", err)
	}
	if err := ordered.plug(inside.Process.Pid); err != nil {
		return err
	}
	if _, err := io.WriteString(pipe, "on\n"); err != nil {
		return err
	}
	if _, err := io.ReadFull(answers, make([]byte, len(laidOut))); err != nil {
		_ = inside.Wait() // it has said why
		return fmt.Errorf("%s could not be made", ordered.Name)
	}
	text := fmt.Sprintf(`{"pid": %d}`, inside.Process.Pid)
	if err := writeWhole(filepath.Join(ordered.Folder, "host.json"), text); err != nil {
		return err
	}
	go func() {
		for got := range signals {
			order, link := "on\n", "up"
			if got == syscall.SIGUSR1 {
				order, link = "off\n", "down"
			}
			// At the other end of its cable: the host keeps its addresses and routes.
			if err := ordered.cable(link); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			_, _ = io.WriteString(pipe, order) // it fails when the machine is gone, and so are we
		}
	}()
	return inside.Wait()
}

// plug lays a cable from the network's bridge into the name space of a process.
func (h *host) plug(pid int) error {
	if err := h.switchboard("link", "add", h.socket(), "type", "veth", "peer", "name", "eth0", "netns", fmt.Sprint(pid)); err != nil {
		return err
	}
	return h.switchboard("link", "set", h.socket(), "master", "bridge", "up")
}

// cable is put in ("up") or pulled out ("down").
func (h *host) cable(state string) error {
	return h.switchboard("link", "set", h.socket(), state)
}

// socket is the name of the cable's end at the bridge.
func (h *host) socket() string { return "h" + h.Address[strings.LastIndex(h.Address, ".")+1:] }

// switchboard runs `ip` where the bridge is.
func (h *host) switchboard(order ...string) error {
	enter := append([]string{fmt.Sprintf("--net=/proc/%d/ns/net", h.Network), "ip"}, order...)
	if output, err := exec.Command("nsenter", enter...).CombinedOutput(); err != nil {
		return fmt.Errorf("the cable of %s: %w: %s", h.Name, err, output)
	}
	return nil
}

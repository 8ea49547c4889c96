package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Networks are cut from 198.18.0.0/15, which no one routes (RFC 2544): number N is 198.18.N.0/24, or 198.19.
const networks = 512

// runNetwork makes a network of hosts: a name space with a bridge, and one
// cable from this machine into it. It lives as long as this process; the kernel
// takes all of it away when it ends, however it ends.
func runNetwork(arguments []string) error {
	flags := flag.NewFlagSet("network", flag.ExitOnError)
	folder := flags.String("folder", "", "where to write `network.json`, once it stands")
	_ = flags.Parse(arguments) // ExitOnError: it does not return with an error

	inside, err := again("bridge")
	if err != nil {
		return err
	}
	inside.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	pipe, err := inside.StdinPipe()
	if err != nil {
		return err
	}
	inside.Stdout = os.Stdout
	if err := inside.Start(); err != nil {
		return fmt.Errorf("a network name space cannot be made, which takes root: %w", err)
	}
	number, err := plug(inside.Process.Pid)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(pipe, "plugged\n"); err != nil {
		return err
	}
	text := fmt.Sprintf(`{"pid": %d, "subnet": "%s"}`, inside.Process.Pid, subnet(number))
	if err := writeWhole(filepath.Join(*folder, "network.json"), text); err != nil {
		return err
	}
	return inside.Wait()
}

// plug takes the first free number: whoever makes the interface of that name has it.
func plug(pid int) (int, error) {
	for number := range networks {
		name := fmt.Sprintf("lab%d", number)
		err := ip("link", "add", name, "type", "veth", "peer", "name", "uplink", "netns", fmt.Sprint(pid))
		if err != nil && strings.Contains(err.Error(), "File exists") {
			continue
		}
		if err == nil {
			err = ip("address", "add", subnet(number)+".1/24", "dev", name)
		}
		if err == nil {
			err = ip("link", "set", name, "up")
		}
		return number, err
	}
	return 0, errors.New("all networks are taken: `ip link` shows lab0 and so on, whose processes must be ended")
}

func subnet(number int) string {
	return fmt.Sprintf("198.%d.%d", 18+number/256, number%256)
}

// runBridge is the inside of a network.
func runBridge([]string) error {
	if _, err := io.ReadFull(os.Stdin, make([]byte, len("plugged\n"))); err != nil {
		return err
	}
	for _, order := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", "bridge", "type", "bridge", "forward_delay", "0"},
		{"link", "set", "bridge", "up"},
		{"link", "set", "uplink", "master", "bridge", "up"},
	} {
		if err := ip(order...); err != nil {
			return err
		}
	}
	// The end of the pipe is the end of the network.
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func ip(arguments ...string) error {
	output, err := exec.Command("ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

// again is this program in another part, which dies with this process.
func again(part string, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, append([]string{part}, arguments...)...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command, nil
}

// writeWhole makes a file that is never seen half written.
func writeWhole(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// exitCode is that of the program at fault, where there is one.
func exitCode(err error) int {
	var exit *exec.ExitError
	var code exitWith
	switch {
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	return 1
}

// exitWith is an exit code that says something by itself.
type exitWith int

func (e exitWith) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	units = "/run/lab-units"
	// How long a service may take to end before it is killed.
	patience = 5 * time.Second
)

func journal(name string) string { return filepath.Join("/var/log", bare(name)+".log") }

// runUnit keeps one service running until it is told to stop: what systemd does, in a process of its own.
func runUnit(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("one argument is wanted: the unit")
	}
	loaded, err := load(arguments[0])
	if err != nil || loaded == nil {
		return fmt.Errorf("unit %s: %w", arguments[0], err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	for {
		ended, command, err := loaded.run()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", loaded.name, err)
			return err
		}
		loaded.note("active")
		select {
		case <-stop:
			return loaded.end(command, ended)
		case result := <-ended:
			fmt.Fprintf(os.Stderr, "%s.service: the main process ended: %v\n", loaded.name, result)
			if !loaded.restart {
				return result
			}
		}
		loaded.note("activating")
		select {
		case <-stop:
			return loaded.forget()
		case <-time.After(time.Second):
		}
	}
}

// run starts the main process; the channel tells how it ended.
func (u *unit) run() (chan error, *exec.Cmd, error) {
	words, environment, err := u.start()
	if err != nil {
		return nil, nil, err
	}
	command := exec.Command(words[0], words[1:]...)
	command.Env = environment
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return ended, command, nil
}

func (u *unit) end(command *exec.Cmd, ended chan error) error {
	_ = command.Process.Signal(syscall.SIGTERM) // it may be gone
	select {
	case <-ended:
	case <-time.After(patience):
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // as above
		<-ended
	}
	return u.forget()
}

func (u *unit) note(state string) {
	_ = writeWhole(filepath.Join(units, u.name), fmt.Sprintf("%d %s", os.Getpid(), state)) // without it the unit counts as ended
}

func (u *unit) forget() error { return os.Remove(filepath.Join(units, u.name)) }

// state is what systemd calls it, and the process that keeps the unit.
func (u *unit) state() (string, int) {
	text, err := os.ReadFile(filepath.Join(units, u.name))
	if err != nil {
		return "inactive", 0
	}
	number, state, _ := strings.Cut(string(text), " ")
	pid, err := strconv.Atoi(number)
	if err != nil || syscall.Kill(pid, 0) != nil {
		return "failed", 0
	}
	return state, pid
}

// begin starts the unit, and returns when its main process runs or has failed to.
func (u *unit) begin() error {
	if _, pid := u.state(); pid != 0 {
		return nil
	}
	if err := os.MkdirAll(units, 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(journal(u.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer log.Close()
	keeper := exec.Command("/opt/lab/lab-host", "unit", u.name)
	keeper.Stdout, keeper.Stderr = log, log
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := keeper.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- keeper.Wait() }()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("Job for %s.service failed (%v): see journalctl -u %s", u.name, err, u.name)
		case <-time.After(10 * time.Millisecond):
			if _, pid := u.state(); pid == keeper.Process.Pid {
				return nil
			}
		}
	}
}

// halt stops the unit and waits for it.
func (u *unit) halt() error {
	_, pid := u.state()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return err
	}
	for {
		if _, now := u.state(); now != pid {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// runInside is the first process of a host: it lays out the machine, and boots it.
func runInside(arguments []string) error {
	ordered, err := order(arguments)
	if err != nil {
		return err
	}
	if os.Getpid() != 1 {
		return fmt.Errorf("this is no machine of its own: it is started by `host` alone")
	}
	orders := bufio.NewScanner(os.Stdin)
	if !orders.Scan() {
		return fmt.Errorf("no network")
	}
	log, err := os.OpenFile(filepath.Join(ordered.Folder, "sshd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte(ordered.Name)); err != nil {
		return err
	}
	if err := ordered.layOut(); err != nil {
		return fmt.Errorf("laying out %s: %w", ordered.Name, err)
	}
	if err := ordered.address(); err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString(laidOut); err != nil {
		return err
	}
	machine := &machine{ordered: ordered, log: log}
	go machine.reap()
	machine.boot()
	for orders.Scan() {
		switch orders.Text() {
		case "off":
			machine.cut()
		case "on":
			machine.boot()
		}
	}
	return orders.Err()
}

func (h *host) address() error {
	dot := len(h.Address) - 1
	for h.Address[dot] != '.' {
		dot--
	}
	for _, order := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", h.Address + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		// Kubernetes takes the address of the default route for the machine's. Nobody is there: nothing leaves the network.
		{"route", "add", "default", "via", h.Address[:dot] + ".254"},
	} {
		if err := ip(order...); err != nil {
			return err
		}
	}
	return nil
}

// A machine with its power on or off. The first process starts others by fork alone: it reaps every orphan of the host.
type machine struct {
	ordered *host
	log     *os.File
	boots   atomic.Int64
	sshd    atomic.Int64
}

func (m *machine) boot() {
	boot := m.boots.Add(1)
	m.spawn("/usr/bin/systemctl", "boot")
	if m.ordered.SSH == "never" {
		return
	}
	seconds, _ := strconv.ParseFloat(m.ordered.SSH, 64) // an empty one is at once
	go func() {
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		if m.boots.Load() == boot {
			m.sshd.Store(int64(m.spawn("/usr/sbin/sshd", "-D", "-e", "-f", sshdConfig)))
		}
	}()
}

// cut ends everything but this process: a machine without power.
func (m *machine) cut() {
	m.boots.Add(1)
	m.sshd.Store(0)
	_ = syscall.Kill(-1, syscall.SIGKILL) // an error says that nothing else runs
}

func (m *machine) spawn(program string, arguments ...string) int {
	null, err := os.Open(os.DevNull)
	if err != nil {
		fmt.Fprintln(m.log, err)
		return 0
	}
	defer null.Close()
	pid, err := syscall.ForkExec(program, append([]string{program}, arguments...), &syscall.ProcAttr{
		Env:   []string{"PATH=" + path, "HOME=/root", "LANG=C.UTF-8"},
		Files: []uintptr{null.Fd(), m.log.Fd(), m.log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		fmt.Fprintf(m.log, "%s: %v\n", program, err)
	}
	return pid
}

// reap takes in every process that ends; sshd is started again, as after a change of its keys.
func (m *machine) reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, 0, nil)
		if err == syscall.ECHILD {
			time.Sleep(20 * time.Millisecond) // nothing runs at all
		}
		if pid > 0 && m.sshd.CompareAndSwap(int64(pid), 0) {
			m.sshd.Store(int64(m.spawn("/usr/sbin/sshd", "-D", "-e", "-f", sshdConfig)))
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// A program and how to start it.
type program struct {
	Path string   `json:"path"`
	Args []string `json:"args"`
	Log  string   `json:"log"` // standard output and standard error are appended to it
}

// A group holds the programs that run, by name.
type group struct {
	mutex   sync.Mutex
	running map[string]int
	waiting sync.WaitGroup
}

func newGroup() *group {
	return &group{running: map[string]int{}}
}

// carryOut runs on the main thread: starting a child binds it to the thread's life.
func (g *group) carryOut(next order) {
	var err error
	switch {
	case next.Start != nil:
		err = g.start(next.Name, next.Start)
	case next.Signal > 0:
		err = g.signal(next.Name, syscall.Signal(next.Signal))
	default:
		err = fmt.Errorf("the order names neither a program to start nor a signal to send")
	}
	if err != nil {
		g.tell(report{Name: next.Name, Error: err.Error()})
	}
}

func (g *group) start(name string, what *program) error {
	log, err := os.OpenFile(what.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()

	command := exec.Command(what.Path, what.Args...)
	command.Stdout = log
	command.Stderr = log
	// Should this process be killed, its children go with it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	pid := command.Process.Pid
	g.mutex.Lock()
	g.running[name] = pid
	g.mutex.Unlock()
	g.tell(report{Name: name, PID: pid})

	g.waiting.Go(func() {
		_ = command.Wait() // its state says the same
		// The program's own children, should it have had any.
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		g.mutex.Lock()
		if g.running[name] == pid {
			delete(g.running, name)
		}
		g.mutex.Unlock()
		g.tell(report{Name: name, PID: pid, Exited: command.ProcessState.String()})
	})
	return nil
}

func (g *group) signal(name string, what syscall.Signal) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	pid, running := g.running[name]
	if !running {
		return fmt.Errorf("no program of that name runs")
	}
	return syscall.Kill(-pid, what)
}

// end kills everything at once: the data of a lab is worth nothing after it,
// so there is nothing to stop in order.
func (g *group) end() {
	g.mutex.Lock()
	for _, pid := range g.running {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	g.mutex.Unlock()
	g.waiting.Wait()
}

func (g *group) tell(what report) {
	line, err := json.Marshal(what)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	_, _ = os.Stdout.Write(append(line, '\n')) // a listener that went away is the usual end
}

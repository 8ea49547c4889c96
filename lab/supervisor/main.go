// Command lab-supervisor runs the programs of one lab, and ends them all, and
// removes the lab's folder, when the pipe on its standard input ends: whoever
// held the other end is gone then, however it went.
//
// Orders arrive as JSON, one a line; what happens to the programs is told the
// same way on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// An order names a program's part in the lab ("etcd"), and what to do with it.
type order struct {
	Name   string   `json:"name"`
	Start  *program `json:"start"`
	Signal int      `json:"signal"`
}

// A report tells how an order went, or that a program has ended.
type report struct {
	Name   string `json:"name"`
	PID    int    `json:"pid,omitempty"`
	Error  string `json:"error,omitempty"`
	Exited string `json:"exited,omitempty"`
}

func init() {
	// The kernel sends a parent-death signal when the thread that started a
	// child ends. The main thread lives as long as the process.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: lab-supervisor FOLDER; orders on standard input, the folder is removed at its end")
		os.Exit(64)
	}
	// A Ctrl-C at the terminal is for whoever started the lab: it closes the pipe when it is done.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)

	orders := make(chan order)
	go read(orders)

	group := newGroup()
	for open := true; open; {
		select {
		case next, ok := <-orders:
			if ok {
				group.carryOut(next)
			}
			open = ok
		case <-stop:
			open = false
		}
	}
	group.end()
	if err := os.RemoveAll(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "lab-supervisor: the lab's folder is left behind: %v\n", err)
		os.Exit(1)
	}
}

// read passes orders on until the input ends.
func read(orders chan<- order) {
	defer close(orders)
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var next order
		if err := json.Unmarshal(line, &next); err != nil {
			fmt.Fprintf(os.Stderr, "lab-supervisor: an order that is not JSON ends the lab: %v\n", err)
			return
		}
		orders <- next
	}
}

package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// runPod is what runs in the lab's own image: it does nothing until it is told to end, and takes its time then.
func runPod(arguments []string) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	if len(arguments) == 1 {
		seconds, err := strconv.Atoi(arguments[0])
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
	return nil
}

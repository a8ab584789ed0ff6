package hosts

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Within calls f on a thread of this process that is on the host: sockets that f
// itself opens are the host's, also when they are used elsewhere afterwards.
func (h *Host) Within(f func() error) error {
	result := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and nobody else gets onto
		// the host by accident.
		runtime.LockOSThread()
		result <- errors.Join(h.enter(), f())
	}()
	return <-result
}

func (h *Host) enter() error {
	space, err := os.Open(h.path())
	if err != nil {
		return fmt.Errorf("enter host %s: %w", h.Name, err)
	}
	defer space.Close()
	if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter host %s: %w", h.Name, err)
	}
	return nil
}

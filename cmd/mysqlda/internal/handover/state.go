// Package handover is what one process of a node leaves to the next when the node restarts
// in place: its listening sockets and its clients' sessions. The next process is the same
// one, which executes the program anew, so all of it stays open in it; the rest is told in
// a file in memory.
//
// It does not drain, close or resume anything: package daemon does. Package main executes
// the program.
package handover

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mysqlda/mysqlda/proxy"
)

// Version is that of State. A program takes over from one with the same version only.
const Version = 1

// State is what the next process has to know. File descriptors in it are open ones of this
// process, and belong to whoever has the State.
type State struct {
	Version int `json:"version"`
	// Sockets are the listening sockets by their names; see Sockets.
	Sockets map[string]Socket `json:"sockets"`
	// Sessions are of proxy.ImageVersion.
	Sessions []proxy.Moved  `json:"sessions"`
	Ended    map[string]int `json:"ended,omitempty"` // sessions, by why they are not among Sessions
	// From is the release that hands over.
	From string `json:"from"`
	// Asked is when the restart was asked for, Since from when on clients wait.
	Asked time.Time `json:"asked"`
	Since time.Time `json:"since"`
}

// Socket is one listening address.
type Socket struct {
	Address string `json:"address"` // as the config file had it, host:port
	FDs     []int  `json:"fds"`
}

// descriptors are all that the state names.
func (s *State) descriptors() []int {
	var all []int
	for _, socket := range s.Sockets {
		all = append(all, socket.FDs...)
	}
	for _, m := range s.Sessions {
		all = append(all, m.FD)
	}
	return all
}

// Leave writes the state to a file in memory and lets its descriptors, and the file's,
// which it returns, survive the execution of another program.
func (s *State) Leave() (fd int, err error) {
	file, err := memoryFile("mysqlda-handover")
	if err != nil {
		return 0, fmt.Errorf("handing over: %w", err)
	}
	if err := json.NewEncoder(file).Encode(s); err != nil {
		return 0, errors.Join(fmt.Errorf("handing over: %w", err), file.Close())
	}
	if fd, err = unix.FcntlInt(file.Fd(), unix.F_DUPFD, 0); err != nil {
		return 0, errors.Join(fmt.Errorf("handing over: %w", os.NewSyscallError("fcntl", err)), file.Close())
	}
	for _, fd := range s.descriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return 0, errors.Join(fmt.Errorf("handing over descriptor %d: %w", fd, os.NewSyscallError("fcntl", err)), file.Close())
		}
	}
	return fd, file.Close()
}

// Take reads what Leave has written, and closes the file. From then on descriptors do not
// survive another execution, unless they are left again.
func Take(fd int) (*State, error) {
	file := os.NewFile(uintptr(fd), "handover")
	if file == nil {
		return nil, fmt.Errorf("taking over: %d is no file descriptor", fd)
	}
	defer file.Close()
	if _, err := file.Seek(0, 0); err != nil {
		return nil, fmt.Errorf("taking over: %w", err)
	}
	var s State
	if err := json.NewDecoder(file).Decode(&s); err != nil {
		return nil, fmt.Errorf("taking over: %w", err)
	}
	if s.Version != Version {
		return nil, fmt.Errorf("taking over: the process before has left version %d, and this program knows version %d", s.Version, Version)
	}
	for _, fd := range s.descriptors() {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
			return nil, fmt.Errorf("taking over descriptor %d: %w", fd, os.NewSyscallError("fcntl", err))
		}
	}
	return &s, nil
}

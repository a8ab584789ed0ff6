package handover

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The names of a node's listening sockets, as a service manager calls them, too. That for
// gossip, which is both TCP and UDP and belongs to its library, is always opened anew.
const (
	MySQL   = "mysql"   // server.listen_ip, server.listen_port
	Cluster = "cluster" // cluster.listen
	HTTP    = "http"    // http.listen
)

// Names are all of them.
func Names() []string { return []string{MySQL, Cluster, HTTP} }

// Sockets are listening sockets that a process was started with. It may be used from any
// goroutine; nil holds none.
type Sockets struct {
	mu   sync.Mutex
	held map[string]held // guarded by mu
}

type held struct {
	address   string // as the config file had it; "": from a service manager
	listeners []net.Listener
}

// NewSockets holds what a State says.
func NewSockets(state map[string]Socket) (*Sockets, error) {
	s := &Sockets{held: make(map[string]held)}
	for name, socket := range state {
		for _, fd := range socket.FDs {
			if err := s.add(name, socket.Address, fd); err != nil {
				return nil, errors.Join(err, s.Close())
			}
		}
	}
	return s, nil
}

func (s *Sockets) add(name, address string, fd int) error {
	file := os.NewFile(uintptr(fd), name)
	if file == nil {
		return fmt.Errorf("socket %s: %d is no file descriptor", name, fd)
	}
	l, err := net.FileListener(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("socket %s (descriptor %d) is not one that listens: %w", name, fd, err)
	}
	s.held[name] = held{address, append(s.held[name].listeners, l)}
	return nil
}

// Take returns the sockets of that name, none if there are none for the address: those for
// another address of the config file's are closed. Sockets of a service manager must have
// its port.
func (s *Sockets) Take(name, address string) ([]net.Listener, error) {
	if s == nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[name]
	delete(s.held, name)
	if h.address != "" && h.address != address {
		return nil, closeAll(h.listeners)
	}
	for _, l := range h.listeners {
		if h.address == "" && portOf(l.Addr().String()) != portOf(address) {
			return nil, errors.Join(fmt.Errorf("the service manager's socket %s listens on %s, and the config file says %s: make them agree",
				name, l.Addr(), address), closeAll(h.listeners))
		}
	}
	return h.listeners, nil
}

// Close closes what nobody has taken.
func (s *Sockets) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for name, h := range s.held {
		errs = append(errs, closeAll(h.listeners))
		delete(s.held, name)
	}
	return errors.Join(errs...)
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

func portOf(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return port
}

// Hold returns a Socket with descriptors of its own of the listeners' sockets, which stay
// open when the listeners are closed.
func Hold(address string, listeners ...net.Listener) (Socket, error) {
	socket := Socket{Address: address}
	for _, l := range listeners {
		source, ok := l.(syscall.Conn)
		if !ok {
			return socket, fmt.Errorf("a %T has no socket", l)
		}
		raw, err := source.SyscallConn()
		if err != nil {
			return socket, err
		}
		var fd int
		controlErr := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
		if err := errors.Join(err, controlErr); err != nil {
			return socket, fmt.Errorf("socket of %s: %w", address, err)
		}
		socket.FDs = append(socket.FDs, fd)
	}
	return socket, nil
}

// Release closes descriptors that Hold has made.
func (s Socket) Release() error {
	var errs []error
	for _, fd := range s.FDs {
		errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
	}
	return errors.Join(errs...)
}

// Given adds a socket of a service manager.
func (s *Sockets) Given(name string, fd int) error {
	if !slices.Contains(Names(), name) {
		return fmt.Errorf("the service manager has opened a socket called %q: its FileDescriptorName must be one of %s", name, strings.Join(Names(), ", "))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(name, "", fd)
}

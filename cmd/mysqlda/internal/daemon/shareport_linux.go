package daemon

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// clientSockets is how many sockets listen for clients.
const clientSockets = 4

// sharePort lets sockets of the same user listen on one port; the kernel spreads
// connections over them.
func sharePort(_, _ string, conn syscall.RawConn) error {
	var setErr error
	err := conn.Control(func(fd uintptr) {
		setErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(err, setErr)
}

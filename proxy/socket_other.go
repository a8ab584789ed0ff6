//go:build !linux

package proxy

import (
	"golang.org/x/sys/unix"
)

// readSocket reads what there is, without waiting.
func readSocket(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// writeSocket writes what fits, without waiting.
func writeSocket(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Write(fd, b)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// hasRoom would tell whether a socket takes a good deal of bytes. Not every kernel
// tells the poller when that changes, so writing has to find out.
func hasRoom(int) bool { return true }

// hungUp tells whether the peer has closed its side, as far as that can be seen
// before everything that it has sent is read, and whether the connection is
// broken.
func hungUp(fd int) (closed, broken bool) {
	var b [1]byte
	n, _, err := unix.Recvfrom(fd, b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
	switch err {
	case nil:
		return n == 0, false
	case unix.EAGAIN, unix.EINTR:
		return false, false
	default:
		return false, true
	}
}

package proxy

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readSocket reads what there is, without waiting.
//
// It and writeSocket do not tell the scheduler of the system call: neither ever
// waits, and a scheduler that is told hands the processor over to another thread
// whenever the kernel runs the peer first, which costs more than the call. They
// ask the socket itself rather than the file that it is, which is a shorter way
// through the kernel.
func readSocket(fd int, b []byte) (int, error) {
	return socketCall(unix.SYS_RECVFROM, fd, b, unix.MSG_DONTWAIT)
}

// writeSocket writes what fits, without waiting.
func writeSocket(fd int, b []byte) (int, error) {
	return socketCall(unix.SYS_SENDTO, fd, b, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

func socketCall(call uintptr, fd int, b []byte, flags uintptr) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(call,
			uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return -1, errno
		}
	}
}

// hasRoom tells whether a socket takes a good deal of bytes, or is broken. If not,
// the kernel tells the poller when it does.
func hasRoom(fd int) bool {
	events := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(events, 0)
		if err != unix.EINTR {
			return n != 0 || err != nil
		}
	}
}

// hungUp tells whether the peer has closed its side, and whether the connection
// is broken.
func hungUp(fd int) (closed, broken bool) {
	events := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	if _, err := unix.Poll(events, 0); err != nil {
		return false, err != unix.EINTR
	}
	got := events[0].Revents
	return got&unix.POLLRDHUP != 0, got&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0
}

package backend

import (
	"syscall"
	"unsafe"
)

// abort ends a connection from any goroutine, whatever its owner is doing with it,
// and does not wait: reads and writes fail from now on, and so do those under way.
// What was written and has not left the machine yet is dropped; shutting the
// connection down would still deliver it, minutes later if the network is broken
// until then.
func (l *link) abort() {
	var errno syscall.Errno
	err := l.descriptor.Control(func(fd uintptr) {
		nowhere := syscall.RawSockaddr{Family: syscall.AF_UNSPEC} // dissolves the association
		_, _, errno = syscall.Syscall(syscall.SYS_CONNECT, fd, uintptr(unsafe.Pointer(&nowhere)), unsafe.Sizeof(nowhere))
	})
	if err == nil && errno != 0 {
		l.shutDown()
	}
}

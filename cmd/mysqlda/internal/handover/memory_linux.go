package handover

import (
	"os"

	"golang.org/x/sys/unix"
)

// Supported says whether this system can do all that is needed.
const Supported = true

// memoryFile makes a file that no other process sees.
func memoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

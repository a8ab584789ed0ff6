//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// tieToParent can only separate the process groups here: a parent that is
// killed leaves its children behind.
func tieToParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// awaitStopped trusts that the signal acts at once.
func awaitStopped(int) error { return nil }

package hosts

import (
	"os/exec"
	"path/filepath"
)

// Host is one host of a network.
type Host struct {
	Name string
	IP   string // its only address beside loopback's

	namespace string
}

// Prefix is a command that, put before another one, has it run on the host. It
// replaces itself by the other one.
func (h *Host) Prefix() []string { return []string{"nsenter", "--net=" + h.path(), "--"} }

// Command is exec.Command on the host.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	p := append(h.Prefix(), name)
	return exec.Command(p[0], append(p[1:], args...)...)
}

func (h *Host) path() string { return filepath.Join(namespaces, h.namespace) }

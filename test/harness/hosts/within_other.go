//go:build !linux

package hosts

// Within is for Linux only.
func (h *Host) Within(func() error) error { return ErrUnavailable }

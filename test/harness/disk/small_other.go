//go:build !linux

package disk

// Small works on Linux only.
func Small(string, int) (unmount func() error, err error) { return nil, ErrUnavailable }

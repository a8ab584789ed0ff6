//go:build !linux

package backend

// abort ends a connection from any goroutine, whatever its owner is doing with it,
// and does not wait: reads and writes fail from now on, and so do those under way.
func (l *link) abort() { l.shutDown() }

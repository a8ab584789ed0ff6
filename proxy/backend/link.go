package backend

import (
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// quitTimeout bounds saying goodbye to a server. The five bytes go into the
// kernel's buffer, so it is not waited for in practice.
const quitTimeout = 50 * time.Millisecond

// link is one physical connection to a server. It belongs to one goroutine at a
// time: the session's, the reset's, or, while idle, the pool under its lock.
type link struct {
	raw        net.Conn
	descriptor syscall.RawConn
	server     string
	profile    Profile
	agreed     wire.Capability // those of the profile that the server has
	threadID   uint32
	restore    string // the statement that makes session variables right after a reset
	generation uint64 // the pool's when this was opened
	beside     bool   // not counted by the pool, and never reused

	idleSince time.Time
}

func newLink(raw net.Conn, server string, profile Profile) (*link, error) {
	tcp, ok := raw.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("server %s: a %T has no file descriptor", server, raw)
	}
	descriptor, err := tcp.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", server, err)
	}
	return &link{raw: raw, descriptor: descriptor, server: server, profile: profile}, nil
}

// quit closes a connection that is between two commands. It says goodbye first,
// because servers log every client that leaves without.
func (l *link) quit() {
	if l.raw.SetWriteDeadline(time.Now().Add(quitTimeout)) == nil {
		_, _ = l.raw.Write([]byte{1, 0, 0, 0, wire.ComQuit}) // the close follows anyway
	}
	closeQuietly(l.raw)
}

// cut closes a connection that is in the middle of something.
func (l *link) cut() { closeQuietly(l.raw) }

// alive tells whether the connection is silent and open: the server has neither
// closed it nor sent anything that nobody asked for. It does not wait.
func (l *link) alive() bool {
	if l.raw.SetDeadline(time.Time{}) != nil {
		return false
	}
	silent := false
	err := l.descriptor.Read(func(fd uintptr) bool {
		var b [1]byte
		_, err := syscall.Read(int(fd), b[:])
		silent = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true // never wait until it is readable
	})
	return err == nil && silent
}

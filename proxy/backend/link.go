package backend

import (
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// quitTimeout bounds saying goodbye to a server. The few bytes go into the
// kernel's buffer, so it is not waited for in practice.
const quitTimeout = 50 * time.Millisecond

// link is one physical connection to a server. It belongs to one goroutine at a
// time: the session's, the reset's, or, while idle, the pool under its lock.
type link struct {
	conn       net.Conn // what commands go through: raw, or TLS over it
	raw        net.Conn // the socket
	descriptor syscall.RawConn
	server     string
	user       string // whom we are logged in as
	profile    Profile
	agreed     wire.Capability // with the server, the flags of the login among them
	threadID   uint32
	restore    string // the statement that makes session variables right after a reset
	generation uint64 // the pool's when this was opened
	beside     bool   // not counted by the pool, and never reused

	// cleanSince is when this was reset last; zero while anything of a session may
	// be on it.
	cleanSince time.Time
}

func newLink(raw net.Conn, server string, profile Profile, peer *wire.Peer) (*link, error) {
	socket, ok := raw.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("a %T has no file descriptor", raw)
	}
	descriptor, err := socket.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("the connection's file descriptor: %w", err)
	}
	return &link{
		conn: peer.Conn, raw: raw, descriptor: descriptor, server: server, profile: profile,
		agreed: peer.Capabilities, threadID: peer.ThreadID,
	}, nil
}

// encrypted tells whether what goes through conn is not what goes through raw.
func (l *link) encrypted() bool { return l.conn != l.raw }

// quit closes a connection that is between two commands. It says goodbye first,
// because servers log every client that leaves without.
func (l *link) quit() {
	if l.raw.SetWriteDeadline(time.Now().Add(quitTimeout)) == nil {
		_, _ = l.conn.Write([]byte{1, 0, 0, 0, wire.ComQuit}) // the close follows anyway
	}
	// TLS needs no goodbye of its own after that one, and could wait for it.
	closeQuietly(l.raw)
}

// cut closes a connection that is in the middle of something. What has not left the
// machine yet is dropped: nobody would hear of what became of it.
func (l *link) cut() {
	l.dropUnsent()
	closeQuietly(l.raw)
}

// shutDown makes reads and writes fail, and has what is still to be sent dropped
// when the connection is closed.
func (l *link) shutDown() {
	l.dropUnsent()
	halves, ok := l.raw.(interface {
		CloseRead() error
		CloseWrite() error
	})
	if !ok {
		interrupt(l.raw)
		return
	}
	// It may be broken already: then this says so and changes nothing.
	_, _ = halves.CloseRead(), halves.CloseWrite()
}

// dropUnsent has closing the connection drop what was not sent yet.
func (l *link) dropUnsent() {
	if tcp, ok := l.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // of a broken one there is nothing to drop
	}
}

// alive tells whether the connection is silent and open: the server has neither
// closed it nor sent anything that nobody asked for. It does not wait, and takes
// nothing off the connection. Under TLS too nothing may come: what a server sends
// after the handshake by itself is read with the answer to the login.
func (l *link) alive() bool {
	if l.raw.SetDeadline(time.Time{}) != nil {
		return false
	}
	silent := false
	err := l.descriptor.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		silent = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true // never wait until it is readable
	})
	return err == nil && silent
}

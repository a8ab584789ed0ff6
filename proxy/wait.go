package proxy

import (
	"bytes"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// clientWait is a wait for the client's commands that lasts over many of them.
//
// A read that finds nothing costs as much as one that finds something, and after
// each answer there is nothing yet. So commands are carried out inside the wait,
// from within the callback of the runtime's poller: what arrives meanwhile ends
// the next wait at once, therefore it need not be looked for.
//
// While a command is carried out inside, the runtime's read lock of the socket is
// held: it can only be read by readInside, and closing it would wait for the
// command. Others shut it down instead.
type clientWait struct {
	step   func(fd uintptr) bool // clientReader.onReadable, bound once
	handle func(command) error   // carries out a command
	idle   func() error          // called before waiting; an error ends the wait
	inside bool                  // in the middle of handle
	fd     int                   // valid while inside
	err    error                 // why the wait ended
}

// insidePoll is how long readInside waits before it looks whether the socket was
// shut down.
const insidePoll = 500 * time.Millisecond

// serve waits for commands and has handle carry out each that is whole and needs
// nothing more of the client. It returns nil when a command has come that is
// not, or may not be, like that: next returns it.
func (c *clientReader) serve() error {
	if !c.direct || c.buffered() > 0 {
		return nil
	}
	if err := c.wait.idle(); err != nil {
		return err
	}
	c.wait.err = nil
	if err := c.socket.Read(c.wait.step); err != nil {
		return err
	}
	return c.wait.err
}

// onReadable is called when there may be something to read, and says whether the
// wait is over. Before it says no it has seen the socket empty: the poller tells
// only of what comes then. An end that came together with a command's bytes is
// told no more; Server.watch has an idle session read again for that.
func (c *clientReader) onReadable(fd uintptr) bool {
	for drained := false; !drained; {
		buf := buffers.Get().(*buffer)
		n, err := readSocket(int(fd), buf[:])
		if n <= 0 {
			buffers.Put(buf)
			if err == unix.EAGAIN {
				return false
			}
			c.wait.err = io.EOF
			if err != nil {
				c.wait.err = os.NewSyscallError("read", err)
			}
			return true
		}
		c.buf, c.r, c.w = buf, 0, n
		if over := c.handleBuffered(int(fd)); over {
			return true
		}
		drained = n < bufferSize
	}
	return false
}

// handleBuffered carries out the commands that are buffered. It says whether the
// wait is over.
func (c *clientReader) handleBuffered(fd int) bool {
	w := &c.wait
	w.fd = fd
	for c.buffered() > 0 {
		cmd, ok := c.plain()
		if !ok {
			return true
		}
		w.inside = true
		w.err = w.handle(cmd)
		w.inside = false
		if w.err != nil {
			return true
		}
	}
	w.err = w.idle()
	return w.err != nil
}

// plain returns the command at the front of the buffer if it is whole and will
// not, as far as can be seen, need more of the client.
func (c *clientReader) plain() (command, bool) {
	b := c.buf[c.r:c.w]
	if len(b) <= wire.HeaderLen {
		return command{}, false
	}
	length, seq := wire.ParseHeader(b)
	if length == 0 || seq != 0 || length > len(b)-wire.HeaderLen {
		return command{}, false
	}
	cmd := newCommand(b[:wire.HeaderLen+length:wire.HeaderLen+length], length)
	switch cmd.code {
	case wire.ComQuery:
		return cmd, cmd.whole && !mayAskForFile(cmd.payload()[1:])
	case wire.ComChangeUser: // may ask for another proof of identity
		return cmd, false
	}
	return cmd, cmd.whole
}

// mayAskForFile tells whether a text may hold a LOAD DATA LOCAL: behind other
// statements, in one that runs others, or by itself. The most frequent ones are
// cleared by how they begin, so that long ones are not searched slowly.
func mayAskForFile(text []byte) bool {
	if len(text) < len("set") {
		return false
	}
	switch text[0] | 0x20 {
	case 'd', 'i', 'r', 'u': // DELETE, INSERT, REPLACE, UPDATE
	case 's':
		if text[2]|0x20 == 't' { // SET STATEMENT ... FOR
			return holdsLocal(text)
		}
	default:
		return holdsLocal(text)
	}
	if i := bytes.IndexByte(text, ';'); i < 0 || i == len(text)-1 {
		return false
	}
	return holdsLocal(text)
}

// holdsLocal tells whether a text holds the word LOCAL, or what looks like it.
func holdsLocal(text []byte) bool {
	const word = "local"
	for {
		i := bytes.IndexAny(text, "lL")
		if i < 0 || len(text)-i < len(word) {
			return false
		}
		if bytes.EqualFold(text[i:i+len(word)], []byte(word)) {
			return true
		}
		text = text[i+1:]
	}
}

// readInside is read for a command that does need more of the client while it is
// carried out inside the wait, which plain has not foreseen. It blocks a thread.
func (c *clientReader) readInside() error {
	if c.buf == nil {
		c.buf = buffers.Get().(*buffer)
		c.r, c.w = 0, 0
	}
	for {
		n, err := readSocket(c.wait.fd, c.buf[c.w:])
		switch {
		case n > 0:
			c.w += n
			return nil
		case n == 0 && err == nil:
			return io.EOF
		case err != unix.EAGAIN:
			return os.NewSyscallError("read", err)
		}
		poll := []unix.PollFd{{Fd: int32(c.wait.fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, int(insidePoll.Milliseconds())); err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
	}
}

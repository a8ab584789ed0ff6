package backend

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// connected is a link and the server's end of it.
func connected(t *testing.T) (*link, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ours, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	theirs, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	made, err := newLink(ours, l.Addr().String(), plain, &wire.Peer{Conn: ours})
	if err != nil {
		t.Fatal(err)
	}
	return made, theirs
}

// TestWhatIsUnderWayEndsWithTheConnection has others end a connection, in which its
// owner has written more than the server takes, and waits to write and to read.
func TestWhatIsUnderWayEndsWithTheConnection(t *testing.T) {
	for name, end := range map[string]func(*link){"abort": (*link).abort, "cut": (*link).cut} {
		t.Run(name, func(t *testing.T) {
			l, server := connected(t)
			written, reading := make(chan int, 1), make(chan error, 1)
			go func() {
				n, _ := l.conn.Write(make([]byte, 64<<20)) // fails in the middle
				written <- n
			}()
			go func() {
				_, err := l.conn.Read(make([]byte, 1))
				reading <- err
			}()
			if _, err := io.ReadFull(server, make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			<-time.After(20 * time.Millisecond) // the buffers fill up; if they do not, no harm is done
			end(l)
			if err := <-reading; err == nil {
				t.Error("a read under way goes on")
			}
			n := <-written
			rest, err := io.Copy(io.Discard, server)
			if got := 1<<20 + int(rest); got >= n {
				t.Errorf("the server got all of the %d bytes that were written (%v)", n, err)
			}
		})
	}
}

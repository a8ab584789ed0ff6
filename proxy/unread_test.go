package proxy

import (
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// fill fills the way to a client that does not read, until not a byte more is taken: what
// is on the way makes room for a while when it arrives.
func fill(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.(*net.TCPConn).SetWriteBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	for taken := true; taken; {
		if err := conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Write(make([]byte, 64<<10))
		taken = err == nil || n > 0
		for err = nil; err == nil; taken = taken || err == nil {
			err = writeAtOnce(conn, []byte{0})
		}
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestNobodyWaitsForAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	m, err := newMetrics(prometheus.NewRegistry(), func() float64 { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(server *Server, conn net.Conn){
		"moved to a node that is not ready": func(server *Server, conn net.Conn) {
			server.Resume([]Moved{{FD: dup(t, conn)}})
		},
		"the handover is broken off": func(server *Server, conn net.Conn) {
			server.leave.moved = []Moved{{FD: dup(t, conn)}}
			server.abandonMoved()
		},
		"turned away": func(server *Server, conn net.Conn) { server.turnAway(conn, kindShutdown.with()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, _ := socketPair(t)
			fill(t, conn)
			done := make(chan struct{})
			go func() {
				defer close(done)
				do(&Server{log: zap.NewNop(), metrics: m}, conn)
			}()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Fatal("the client is waited for")
			}
		})
	}
}

func dup(t *testing.T, conn net.Conn) int {
	fd, err := dupSocket(conn)
	if err != nil {
		t.Error(err)
	}
	return fd
}

// A session that ends by itself may be stuck with telling its client so.
func TestASessionThatIsEndingIsCutOffAndNotCountedAgain(t *testing.T) {
	t.Parallel()
	s := silentSession(t)
	fill(t, s.socket)
	s.killed.Store(true) // so that it cannot be moved
	if s.depart() {
		t.Fatal("it was moved")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = s.socket.Write([]byte{0}) // as farewell does; that it fails is the point
	}()
	s.server.cutOff(s, endedLate)
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the session is not cut off")
	}
	if ended := s.server.leave.ended; len(ended) != 1 || ended[endedFailed] != 1 {
		t.Errorf("counted as %v", ended)
	}
}

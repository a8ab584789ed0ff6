package daemon

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// acceptAll answers each connection with one byte and counts what each listener
// has accepted.
func acceptAll(t *testing.T, listeners []net.Listener) []*atomic.Int64 {
	t.Helper()
	counts := make([]*atomic.Int64, len(listeners))
	var serving sync.WaitGroup
	for i, l := range listeners {
		counts[i] = new(atomic.Int64)
		serving.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				counts[i].Add(1)
				if _, err := conn.Write([]byte{1}); err != nil {
					t.Error(err)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	t.Cleanup(func() {
		if err := closeAll(listeners); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return counts
}

func TestEverySocketOfTheClientsAddressGetsConnections(t *testing.T) {
	t.Parallel()
	listeners, err := listenClients(t.Context(), "key", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counts := acceptAll(t, listeners)
	address := listeners[0].Addr().String()
	const clients = 1000
	var connecting sync.WaitGroup
	for range clients {
		connecting.Go(func() {
			conn, err := net.DialTimeout("tcp", address, patience)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
				t.Errorf("a client is not greeted: %v", err)
			}
		})
	}
	connecting.Wait()
	if len(counts) != clientSockets {
		t.Errorf("%d sockets", len(counts))
	}
	for i, n := range counts {
		if n.Load() == 0 {
			t.Errorf("socket %d got none of %d connections", i, clients)
		}
	}
}

func TestAPortThatAnotherNodeSharesIsTaken(t *testing.T) {
	t.Parallel()
	listeners, err := listenClients(t.Context(), "key", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closeAll(listeners); err != nil {
			t.Error(err)
		}
	}()
	second, err := listenClients(context.Background(), "the.key", listeners[0].Addr().String())
	if err == nil || !strings.Contains(err.Error(), "(the.key): the port is taken") {
		t.Errorf("got %d listeners, %v", len(second), err)
	}
}

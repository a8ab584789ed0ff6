package backend

import (
	"net"
	"sync"
	"testing"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// heard collects greetings.
type heard struct {
	mu  sync.Mutex
	all map[string][]wire.Greeting
}

func (h *heard) note(address string, g wire.Greeting) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = make(map[string][]wire.Greeting)
	}
	h.all[address] = append(h.all[address], g)
}

func (h *heard) from(address string) []wire.Greeting {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[address]
}

func TestGreetingIsReportedOnce(t *testing.T) {
	needServers(t)
	var h heard
	m := manage(t, Config{Greeted: h.note}, libraries([]string{first.Addr(), second.Addr()}))
	for range 3 {
		acquire(t, m, plain).Discard()
	}
	eventually(t, "both servers have greeted", func() bool {
		return len(h.from(first.Addr())) > 0 && len(h.from(second.Addr())) > 0
	})
	all := h.from(first.Addr())
	if len(all) != 1 {
		t.Fatalf("%d reports: %+v", len(all), all)
	}
	g := all[0]
	if g.Version == "" || g.Collation == 0 || !g.Capabilities.Has(wire.ClientProtocol41|wire.ClientDeprecateEOF|wire.MariadbProgress|wire.MariadbCacheMetadata) {
		t.Errorf("%q, collation %d, %s", g.Version, g.Collation, g.Capabilities)
	}
}

// A server is known by its greeting also when it lets nobody in.
func TestGreetingIsReportedWhenItChanges(t *testing.T) {
	var h heard
	greets := make(chan wire.Capability, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		offer := offered
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			select {
			case offer = <-greets:
			default:
			}
			_, _ = c.Write(greet(offer)) // a client that has gone is none of the test's business
			closeQuietly(c)
		}
	})
	t.Cleanup(serving.Wait)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	manage(t, Config{Greeted: h.note}, libraries([]string{l.Addr().String()}))
	eventually(t, "first report", func() bool { return len(h.from(l.Addr().String())) == 1 })
	greets <- offered &^ wire.ClientDeprecateEOF
	eventually(t, "second report", func() bool { return len(h.from(l.Addr().String())) == 2 })
	if all := h.from(l.Addr().String()); all[0].Capabilities != offered || all[1].Capabilities != offered&^wire.ClientDeprecateEOF {
		t.Errorf("%+v", all)
	}
}

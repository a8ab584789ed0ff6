package mysqld

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/need"
)

// ForTest starts a server that ends with the test. A machine without a server
// program skips the test, see need.Missing. When the test fails, the end of the server's log is
// in its output.
func ForTest(tb testing.TB, opts Options) *Server {
	tb.Helper()
	if !Available() {
		need.Missing(tb, ErrNotInstalled.Error())
	}
	s, err := Start(tb.Context(), opts)
	if err != nil {
		tb.Fatalf("start a server: %v", err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("log of the server at %s:\n%s", s.Addr(), s.LogTail())
		}
		if err := s.Close(); err != nil {
			tb.Errorf("end the server at %s: %v", s.Addr(), err)
		}
	})
	return s
}

// GroupForTest is StartReplicated for a group that ends with the test, as ForTest
// does it.
func GroupForTest(tb testing.TB, n int, opts GroupOptions) *Group {
	tb.Helper()
	if !Available() {
		need.Missing(tb, ErrNotInstalled.Error())
	}
	g, err := StartReplicated(tb.Context(), n, opts)
	if err != nil {
		tb.Fatalf("start %d servers: %v", n, err)
	}
	tb.Cleanup(func() {
		for _, s := range g.Servers {
			if tb.Failed() {
				tb.Logf("log of the server at %s:\n%s", s.Addr(), s.LogTail())
			}
		}
		if err := g.Close(); err != nil {
			tb.Errorf("end %d servers: %v", n, err)
		}
	})
	return g
}

package proxy

import (
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/digests"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// BenchmarkDigests is what a relayed statement pays for being counted by its digest,
// beside being metered: nothing where that is off, one lookup for a prepared one, and
// its digest as well for a text. What counts is cpu-ns/op: it is the same on a machine
// that does something else besides.
func BenchmarkDigests(b *testing.B) {
	text := []byte("select c from sbtest1 where id = 50123")
	for _, c := range []struct {
		name  string
		table *digests.Table
		st    *statement
	}{
		{name: "off"},
		{name: "prepared", table: digests.New(1000), st: &statement{sql: text}},
		{name: "text", table: digests.New(1000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			server := &Server{
				born: time.Now(), meters: newMeters(func() *fsm.LibrarySet { return fsm.NewLibrarySet(1, nil) }),
				digests: c.table, texts: sync.Pool{New: func() any { return new(textRoom) }},
			}
			s := &session{server: server, library: 1}
			s.att.used = server.born.Add(time.Second)
			b.ReportAllocs()
			began := processorTime(b)
			for b.Loop() {
				if c.st != nil {
					s.keepPrepared(c.st)
				} else {
					s.keepText(text, 0)
				}
				s.countAnswered(100)
				s.countRelayed(wire.ComQuery, 50)
				s.forgetText()
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(b.N), "cpu-ns/op")
		})
	}
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

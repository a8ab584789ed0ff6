package proxy

import (
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// BenchmarkMetering is what a relayed statement pays for being metered. The second
// reading of the clock, at its end, is made anyway.
func BenchmarkMetering(b *testing.B) {
	server := &Server{born: time.Now(), meters: newMeters(func() *fsm.LibrarySet { return fsm.NewLibrarySet(1, nil) })}
	s := &session{server: server, library: 1}
	s.att.used = server.born.Add(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		s.begun, s.answered = time.Since(server.born), 0
		s.countStatement(stmt.EffectRead)
		s.countAnswered(100)
		s.countRelayed(wire.ComQuery, 50)
	}
}

package wire

import (
	"strings"
	"testing"
)

// readBytes is how much of an answer a relay finds in one read.
const readBytes = 16 << 10

// BenchmarkTracker walks whole answers in the pieces in which a relay reads them.
// The time for a packet is what the relay pays for knowing where it ends.
func BenchmarkTracker(b *testing.B) {
	for _, caps := range []struct {
		name string
		set  Capability
	}{{"EOF", OfferedCapabilities &^ ClientDeprecateEOF}, {"DEPRECATE_EOF", OfferedCapabilities}} {
		pad := strings.Repeat("x", 120) // a row of sysbench's table
		for _, answer := range []struct {
			name string
			rows int
		}{{"point select", 1}, {"100000 rows", 100_000}} {
			packets := concat(header(caps.set, 1), repeated(answer.rows, row(pad)), end(caps.set, StatusAutocommit))
			whole := stream(packets...)
			b.Run(answer.name+"/"+caps.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(whole)))
				var tr Tracker
				for b.Loop() {
					walkInPieces(b, &tr, caps.set, whole)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(packets)), "ns/packet")
			})
		}
	}
}

func walkInPieces(b *testing.B, tr *Tracker, caps Capability, whole []byte) {
	tr.Begin(ComQuery, caps)
	for at := 0; at < len(whole); at += readBytes {
		piece := whole[at:min(at+readBytes, len(whole))]
		_, ev, err := tr.Feed(piece)
		if err != nil {
			b.Fatal(err)
		}
		if last := at+len(piece) == len(whole); last != (ev == EventDone) {
			b.Fatalf("event %d after %d of %d bytes", ev, at+len(piece), len(whole))
		}
	}
}

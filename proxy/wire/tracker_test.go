package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// trailing is what follows an answer and is none of it: the beginning of another.
var trailing = append(stream(ok(0)), 1, 0, 0, 1)

// feedAll feeds an answer and what trails it in fragments and returns how many
// bytes the tracker took until its event.
func feedAll(t interface{ Fatalf(string, ...any) }, tr *Tracker, b []byte, fragment func() int) (taken int, ev Event) {
	for len(b) > 0 {
		part := b[:min(len(b), fragment())]
		n, ev, err := tr.Feed(part)
		if err != nil {
			t.Fatalf("after %d bytes: %v", taken+n, err)
		}
		if n > len(part) || ev == EventNeedMore && n != len(part) {
			t.Fatalf("took %d of %d bytes with event %d", n, len(part), ev)
		}
		taken += n
		if ev != EventNeedMore {
			return taken, ev
		}
		b = b[n:]
	}
	return taken, EventNeedMore
}

func (a scripted) check(t interface{ Fatalf(string, ...any) }, caps Capability, fragment func() int) {
	var tr Tracker
	tr.Begin(a.command, caps)
	if tr.Started() || tr.MidPacket() || tr.NextSequence() != 1 {
		t.Fatalf("started before it began")
	}
	b := stream(a.packets...)
	taken, ev := feedAll(t, &tr, append(b[:len(b):len(b)], trailing...), fragment)
	if ev != EventDone || taken != len(b) {
		t.Fatalf("event %d after %d bytes; want the end after %d", ev, taken, len(b))
	}
	if tr.Status() != a.status || tr.ErrCode() != a.errCode {
		t.Fatalf("status %#x, error %d; want %#x, %d", tr.Status(), tr.ErrCode(), a.status, a.errCode)
	}
	var got preparedFacts
	if got.id, got.columns, got.params, got.ok = tr.Prepared(); got != a.stmt {
		t.Fatalf("prepared %+v, want %+v", got, a.stmt)
	}
	var last uint8
	for rest := b; len(rest) > 0; {
		n, seq := ParseHeader(rest)
		last, rest = seq, rest[HeaderLen+n:]
	}
	if !tr.Started() || tr.MidPacket() || tr.NextSequence() != last+1 {
		t.Fatalf("at the end: started %v, in a packet %v, next %d; the last was %d", tr.Started(), tr.MidPacket(), tr.NextSequence(), last)
	}
}

// shapes are sets of capabilities that give answers shapes of their own: MariaDB's
// and those that only MySQL 8 has.
func shapes() map[string]Capability {
	all := capabilitySets()
	for _, name := range []string{"", "-eof"} {
		all["optional"+name] = all["plain"+name] | ClientOptionalResultsetMetadata
		all["mysql8"+name] = all["plain"+name] | ClientOptionalResultsetMetadata | ClientSessionTrack | ClientQueryAttributes
	}
	return all
}

func eachAnswer(t *testing.T, f func(t *testing.T, a scripted, caps Capability)) {
	for set, caps := range shapes() {
		for _, a := range answers(caps) {
			if a.large && !strings.HasPrefix(set, "plain") && !strings.HasPrefix(set, "mysql8") {
				continue // tens of megabytes each
			}
			t.Run(set+"/"+a.name, func(t *testing.T) { f(t, a, caps) })
		}
	}
}

func TestTrackerFindsTheEndOfEveryAnswer(t *testing.T) {
	eachAnswer(t, func(t *testing.T, a scripted, caps Capability) {
		a.check(t, caps, func() int { return 1 << 30 })
		if a.large {
			a.check(t, caps, func() int { return 16 << 10 })
			a.check(t, caps, func() int { return MaxPacketPayload + HeaderLen - 1 })
			return
		}
		a.check(t, caps, func() int { return 1 })
	})
}

func TestTrackerFindsTheEndInAnyFragments(t *testing.T) {
	eachAnswer(t, func(t *testing.T, a scripted, caps Capability) {
		if a.large {
			t.Skip("too large to be fed over and over")
		}
		rapid.Check(t, func(t *rapid.T) {
			sizes := rapid.SliceOfN(rapid.IntRange(1, 40), 1, 50).Draw(t, "sizes")
			i := 0
			a.check(t, caps, func() int {
				i++
				return sizes[i%len(sizes)]
			})
		})
	})
}

func TestTrackerTellsPacketBoundaries(t *testing.T) {
	caps := OfferedCapabilities
	b := stream(concat(header(caps, 1), row("abc"), row("d"), end(caps, 0))...)
	boundary := map[int]uint8{0: 1}
	for at := 0; at < len(b); {
		n, seq := ParseHeader(b[at:])
		at += HeaderLen + n
		boundary[at] = seq + 1
	}
	var tr Tracker
	tr.Begin(ComQuery, caps)
	for at := range len(b) {
		next, between := boundary[at]
		if tr.MidPacket() == between {
			t.Fatalf("after %d bytes: in a packet %v, want %v", at, tr.MidPacket(), !between)
		}
		if between && tr.NextSequence() != next {
			t.Fatalf("after %d bytes: next sequence number %d, want %d", at, tr.NextSequence(), next)
		}
		if _, _, err := tr.Feed(b[at : at+1]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTrackerIsMidPacketBetweenPiecesOfALongRow(t *testing.T) {
	caps := OfferedCapabilities
	b := stream(concat(header(caps, 1), make([]byte, MaxPacketPayload+5))...)
	var tr Tracker
	tr.Begin(ComQuery, caps)
	first := len(b) - HeaderLen - 5
	if _, _, err := tr.Feed(b[:first]); err != nil || !tr.MidPacket() {
		t.Errorf("in a packet: %v, %v", tr.MidPacket(), err)
	}
	if _, _, err := tr.Feed(b[first:]); err != nil || tr.MidPacket() {
		t.Errorf("behind the row in a packet: %v, %v", tr.MidPacket(), err)
	}
}

func TestTrackerAsksForTheClientsFile(t *testing.T) {
	caps := OfferedCapabilities
	request := stream(append([]byte{markLocalInfile}, "/tmp/file"...))
	var tr Tracker
	tr.Begin(ComQuery, caps)
	if n, ev := feedAll(t, &tr, request, func() int { return 1 }); n != len(request) || ev != EventLocalInfile {
		t.Fatalf("event %d after %d bytes", ev, n)
	}
	early := tr
	if _, _, err := early.Feed(request); err == nil {
		t.Error("bytes of the server during the client's are no error")
	}
	tr.ResumeLocalInfile(4)
	if tr.NextSequence() != 4 || !tr.AtResult() {
		t.Errorf("behind the file: next %d, at a result: %v", tr.NextSequence(), tr.AtResult())
	}
	if tr.MidPacket() {
		t.Error("in a packet")
	}
	result := stream(ok(more), ok(StatusAutocommit))
	for at, seq := 0, uint8(9); at < len(result); seq++ { // behind the client's
		n, _ := ParseHeader(result[at:])
		PutHeader(result[at:], n, seq)
		at += HeaderLen + n
	}
	if n, ev := feedAll(t, &tr, result, func() int { return 1 }); n != len(result) || ev != EventDone {
		t.Fatalf("event %d after %d bytes", ev, n)
	}
	if tr.NextSequence() != 11 || tr.Status() != StatusAutocommit {
		t.Errorf("next %d, status %#x", tr.NextSequence(), tr.Status())
	}
}

func TestTrackerKeepsTheStatusOfEarlierAnswers(t *testing.T) {
	var tr Tracker
	for _, payload := range [][]byte{ok(StatusInTrans), errOf(1064)} {
		tr.Begin(ComQuery, OfferedCapabilities)
		feedAll(t, &tr, stream(payload), func() int { return 99 })
	}
	if tr.Status() != StatusInTrans || tr.ErrCode() != 1064 {
		t.Errorf("status %#x, error %d", tr.Status(), tr.ErrCode())
	}
	tr.Begin(ComPing, OfferedCapabilities)
	if tr.ErrCode() != 0 {
		t.Errorf("error %d of the answer before", tr.ErrCode())
	}
}

// TestTrackerTakesMoreColumnsThanATableHas: a SELECT without a table has no such bound.
func TestTrackerTakesMoreColumnsThanATableHas(t *testing.T) {
	const columns = 1<<16 + 3
	for _, caps := range []Capability{OfferedCapabilities, OfferedCapabilities &^ ClientDeprecateEOF} {
		b := stream(concat(header(caps, columns), row("a"), end(caps, StatusInTrans))...)
		var tr Tracker
		tr.Begin(ComQuery, caps)
		n, ev := feedAll(t, &tr, b, func() int { return 4096 })
		if n != len(b) || ev != EventDone || tr.Status() != StatusInTrans {
			t.Errorf("capabilities %#x: event %d after %d of %d bytes, status %#x", caps, ev, n, len(b), tr.Status())
		}
	}
}

func TestTrackerRefusesWhatIsNoAnswer(t *testing.T) {
	deprecate, classic := OfferedCapabilities, OfferedCapabilities&^ClientDeprecateEOF
	mysql8 := shapes()["mysql8"]
	wrongNumber := stream(concat(header(deprecate, 1), row("a"))...)
	wrongNumber[len(wrongNumber)-3]++ // of the row
	for _, c := range []struct {
		name    string
		command byte
		caps    Capability
		b       []byte
	}{
		{"empty packet", ComQuery, deprecate, stream(nil)},
		{"empty row", ComQuery, deprecate, stream(concat(header(deprecate, 1), []byte{})...)},
		{"wrong number", ComQuery, deprecate, wrongNumber},
		{"short ok", ComQuery, deprecate, stream([]byte{markOK, 0, 0, 2})},
		{"cut integer in ok", ComQuery, deprecate, stream([]byte{markOK, 0xfe, 1, 2})},
		{"short err", ComQuery, deprecate, stream([]byte{markErr, 1})},
		{"file of a client that gives none", ComQuery, deprecate &^ ClientLocalFiles, stream([]byte{markLocalInfile, 'x'})},
		{"eof instead of a result", ComQuery, deprecate, stream(shortEOF(0))},
		{"no columns", ComQuery, deprecate, stream([]byte{0xfc, 0, 0})},
		{"too many columns", ComQuery, deprecate, stream([]byte{0xfe, 0, 0, 0, 1, 0, 0, 0, 0})},
		{"cut number of columns", ComQuery, deprecate, stream([]byte{0xfc, 1})},
		{"more behind the number of columns", ComQuery, deprecate, stream([]byte{1, 1})},
		{"end among definitions", ComQuery, deprecate, stream([]byte{2}, definition(), shortEOF(0))},
		{"row instead of the definitions' end", ComQuery, classic, stream([]byte{1}, definition(), row("a"))},
		{"eof of six bytes", ComQuery, classic, stream(concat(header(classic, 1), []byte{markEOF, 0, 0, 0, 0, 0})...)},
		{"short end", ComQuery, deprecate, stream(concat(header(deprecate, 1), []byte{markEOF, 0, 0, 0})...)},
		{"short prepare", ComStmtPrepare, deprecate, stream([]byte{0, 1, 0, 0, 0, 1, 0, 1})},
		{"rows for prepare", ComStmtPrepare, deprecate, stream([]byte{1, 1, 0, 0, 0, 1, 0, 1, 0})},
		{"more behind the choice of metadata", ComQuery, mysql8, stream([]byte{1, 1, 0})},
		{"no choice of metadata", ComQuery, mysql8, stream([]byte{1})},
		{"unknown choice of metadata", ComQuery, mysql8, stream([]byte{1, 2})},
		{"choice of metadata in front", ComQuery, mysql8, stream([]byte{1, 3})},
		{"no choice of metadata in prepare", ComStmtPrepare, mysql8, stream(prepareHead(7, 1, 1))},
		{"unknown choice of metadata in prepare", ComStmtPrepare, mysql8, stream(append(prepareHead(7, 1, 1), 2))},
		{"a definition that was left out", ComQuery, mysql8 &^ ClientDeprecateEOF, stream([]byte{1, 0}, definition())},
		{"no end of definitions that were left out", ComStmtPrepare, mysql8 &^ ClientDeprecateEOF, stream(append(prepareHead(7, 1, 0), 0), definition())},
		{"OK without warnings", ComPing, deprecate, stream([]byte{markOK, 0, 0, 2, 0, 1})},
		{"rows for ping", ComPing, deprecate, stream([]byte{1})},
	} {
		var tr Tracker
		tr.Begin(c.command, c.caps)
		_, ev, err := tr.Feed(c.b)
		if err == nil || ev != EventNeedMore {
			t.Errorf("%s: event %d, error %v", c.name, ev, err)
			continue
		}
		if n, _, again := tr.Feed(c.b); n != 0 || again != err {
			t.Errorf("%s: fed again takes %d bytes with error %v", c.name, n, again)
		}
	}
}

func TestTrackerRefusesUnsolicitedBytes(t *testing.T) {
	var tr Tracker
	if n, ev, err := tr.Feed(nil); n != 0 || ev != EventNeedMore || err != nil {
		t.Errorf("nothing: %d, %d, %v", n, ev, err)
	}
	if n, _, err := tr.Feed(trailing); n != 0 || err == nil {
		t.Errorf("before any command: %d, %v", n, err)
	}
	tr.Begin(ComPing, OfferedCapabilities)
	feedAll(t, &tr, stream(ok(0)), func() int { return 99 })
	if n, _, err := tr.Feed(trailing); n != 0 || err == nil {
		t.Errorf("behind an answer: %d, %v", n, err)
	}
}

func TestTrackerCostsNoAllocation(t *testing.T) {
	caps := OfferedCapabilities
	b := stream(concat(header(caps, 2), repeated(100, row("a", "b")), end(caps, 0))...)
	var tr Tracker
	if n := testing.AllocsPerRun(100, func() {
		tr.Begin(ComQuery, caps)
		for at := 0; at < len(b); at += 7 {
			if _, _, err := tr.Feed(b[at:min(at+7, len(b))]); err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTrackerRows(b *testing.B) {
	caps := OfferedCapabilities
	answer := stream(concat(header(caps, 2), repeated(1000, row("0123456789", "0123456789")), end(caps, 0))...)
	b.SetBytes(int64(len(answer)))
	var tr Tracker
	for b.Loop() {
		tr.Begin(ComQuery, caps)
		if _, ev, err := tr.Feed(answer); ev != EventDone || err != nil {
			b.Fatal(ev, err)
		}
	}
}

// TestBrokenStreamIsLeftBehindItsLastPacket cuts a result with a broken packet in
// two at every place: all of it but that packet belongs to the answer, unless the
// cut is in the packet's header, of which the first part was passed on.
func TestBrokenStreamIsLeftBehindItsLastPacket(t *testing.T) {
	valid := slicesOf(packetOf(1, []byte{1}), packetOf(2, []byte("column")), packetOf(3, []byte("\x01a")), packetOf(4, []byte("\x01b")))
	stream := slicesOf(valid, packetOf(9, []byte("\x01c")))
	for cut := range stream {
		var tracker Tracker
		tracker.Begin(ComQuery, ClientDeprecateEOF)
		total, _, err := tracker.Feed(stream[:cut])
		if err == nil {
			var n int
			n, _, err = tracker.Feed(stream[cut:])
			total += n
		}
		want, mid := len(valid), false
		if cut > want && cut < want+HeaderLen {
			want, mid = cut, true
		}
		if err == nil || total != want || tracker.MidPacket() != mid || !mid && tracker.NextSequence() != 5 || !tracker.Started() {
			t.Errorf("cut at %d: %v; %d bytes belong to it, next is %d, in a packet: %t", cut, err, total, tracker.NextSequence(), tracker.MidPacket())
		}
	}
}

func TestBrokenBeginningIsNoBeginning(t *testing.T) {
	var tracker Tracker
	tracker.Begin(ComQuery, 0)
	n, _, err := tracker.Feed(packetOf(1, []byte{0xff}))
	if err == nil || n != 0 || tracker.Started() || tracker.MidPacket() {
		t.Errorf("%d bytes, %v, started: %t, in a packet: %t", n, err, tracker.Started(), tracker.MidPacket())
	}
}

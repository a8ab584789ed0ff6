package wire

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// tracked is an OK packet that tells about the session; entries are what it tells,
// byte by byte.
func tracked(mark byte, status uint16, info, entries string) []byte {
	out := okWithTail(mark, status|StatusSessionChanged)
	return appendLenencString(appendLenencString(out, info), entries)
}

func okWithTail(mark byte, status uint16) []byte {
	return []byte{mark, 0, 0, byte(status), byte(status >> 8), 3, 0}
}

const trackedCaps = OfferedCapabilities | ClientSessionTrack

// changesOf feeds an answer in fragments and returns what it says of the session.
func changesOf(t *testing.T, command byte, caps Capability, fragment int, packets ...[]byte) ([]SessionChange, bool) {
	t.Helper()
	tr, _, ev := feedAnswer(t, command, caps, stream(packets...), fragment)
	if ev != EventDone {
		t.Fatalf("event %d", ev)
	}
	changes := tr.SessionChanges()
	if again := tr.SessionChanges(); again.Any() != changes.Any() {
		t.Error("the changes are told once only")
	}
	later := *tr
	if later.Begin(ComPing, caps); later.SessionChanges().Any() {
		t.Error("the changes are left to the next answer")
	}
	if tr.ForgetSessionChanges(); tr.SessionChanges().Any() || cap(tr.session.raw) > 0 {
		t.Error("the changes are not forgotten")
	}
	list := slices.Collect(changes.All())
	if changes.Any() != (len(changes.raw) > 0 || changes.Truncated) {
		t.Error("Any says something else than there is")
	}
	return list, changes.Truncated
}

func TestSessionChangesAreTold(t *testing.T) {
	all := "\x00\x0f\x0aautocommit\x03OFF" + "\x01\x03\x02db" + "\x02\x011" + "\x03\x04\x00\x02id" +
		"\x04\x05\x04WORK" + "\x05\x09\x08T_______"
	want := []SessionChange{
		{SessionVariable, "autocommit", "OFF"},
		{SessionSchema, "", "db"},
		{SessionState, "", "1"},
		{SessionGTIDs, "", "id"},
		{SessionTransactionCharacteristics, "", "WORK"},
		{SessionTransactionState, "", "T_______"},
	}
	for _, c := range []struct {
		name      string
		command   byte
		packets   [][]byte
		want      []SessionChange
		truncated bool
	}{
		{name: "all", command: ComQuery, packets: concat(tracked(markOK, 0, "", all)), want: want},
		{name: "behind a text", command: ComInitDB, packets: concat(tracked(markOK, 0, strings.Repeat("i", 300), all)), want: want},
		{name: "at the end of rows", command: ComQuery, packets: concat(header(trackedCaps, 1), row("a"), tracked(markEOF, 0, "", all)), want: want},
		{name: "of several results", command: ComQuery, packets: concat(tracked(markOK, more, "x", "\x01\x03\x02db"), header(trackedCaps, 1), row("a"), end(trackedCaps, more), tracked(markOK, 0, "y", "\x02\x011")), want: want[1:3]},
		{name: "two pairs in one entry", command: ComQuery, packets: concat(tracked(markOK, 0, "", "\x00\x08\x01a\x01b\x01c\x01d")), want: []SessionChange{{0, "a", "b"}, {0, "c", "d"}}},
		{name: "empty database", command: ComQuery, packets: concat(tracked(markOK, 0, "", "\x01\x01\x00")), want: []SessionChange{{SessionSchema, "", ""}}},
		{name: "unknown kind", command: ComQuery, packets: concat(tracked(markOK, 0, "", "\x09\x03abc\x01\x02\x01d")), want: []SessionChange{{SessionSchema, "", "d"}}},
		{name: "nothing behind the head", command: ComQuery, packets: concat(okWithTail(markOK, StatusSessionChanged))},
		{name: "not changed", command: ComQuery, packets: concat(appendLenencString(appendLenencString(okWithTail(markOK, 0), ""), all))},
		{name: "row that looks alike", command: ComStmtExecute, packets: concat(header(trackedCaps, 1), tracked(markOK, 0, "", all), end(trackedCaps, 0))},
		{name: "eof of five bytes", command: ComQuery, packets: concat(header(trackedCaps, 1), shortEOF(StatusSessionChanged))},
		{name: "length of all lies", command: ComQuery, packets: concat(append(okWithTail(markOK, StatusSessionChanged), "\x00\x20\x01\x02\x01d"...)), want: []SessionChange{{SessionSchema, "", "d"}}, truncated: true},
		{name: "length of all is missing", command: ComQuery, packets: concat(append(okWithTail(markOK, StatusSessionChanged), "\x03abc"...)), truncated: true},
		{name: "length of the text lies", command: ComQuery, packets: concat(append(okWithTail(markOK, StatusSessionChanged), "\x7fabc"...)), truncated: true},
		{name: "length of an entry lies", command: ComQuery, packets: concat(tracked(markOK, 0, "", "\x01\x02\x01d\x01\x7f\x01d")), want: []SessionChange{{SessionSchema, "", "d"}}, truncated: true},
		{name: "length of a value lies", command: ComQuery, packets: concat(tracked(markOK, 0, "", "\x01\x02\x01d\x01\x02\x7fd")), want: []SessionChange{{SessionSchema, "", "d"}}, truncated: true},
		{name: "no value", command: ComQuery, packets: concat(tracked(markOK, 0, "", "\x00\x02\x01a")), truncated: true},
	} {
		for _, fragment := range []int{1, 2, 3, 7, 1 << 20} {
			got, truncated := changesOf(t, c.command, trackedCaps, fragment, c.packets...)
			if !slices.Equal(got, c.want) || truncated != c.truncated {
				t.Errorf("%s, in fragments of %d bytes: %q, truncated %v", c.name, fragment, got, truncated)
			}
		}
	}
	// A row of 16 MiB or more may begin like the end of rows.
	long := append(tracked(markEOF, 0, "", all), make([]byte, MaxPacketPayload)...)
	if got, truncated := changesOf(t, ComQuery, trackedCaps, 1<<20, concat(header(trackedCaps, 1), long, end(trackedCaps, 0))...); len(got) > 0 || truncated {
		t.Errorf("a long row: %q, %v", got, truncated)
	}
	if got, truncated := changesOf(t, ComQuery, OfferedCapabilities, 3, tracked(markOK, 0, "", all)); len(got) > 0 || truncated {
		t.Errorf("not agreed on: %q, %v", got, truncated)
	}
}

func TestSessionChangesAreBounded(t *testing.T) {
	entry := func(n int) string {
		value := strings.Repeat("v", n)
		data := appendLenencString(appendLenencString(nil, "a"), value)
		return string(appendLenencString([]byte{0}, string(data)))
	}
	for _, fragment := range []int{1, 100, 1 << 20} {
		var packets [][]byte
		for range 100 {
			packets = append(packets, tracked(markOK, more, "", entry(100)))
		}
		packets = append(packets, tracked(markOK, 0, "", entry(1<<20)))
		got, truncated := changesOf(t, ComQuery, trackedCaps, fragment, packets...)
		if !truncated || len(got) < 35 || len(got) > 40 {
			t.Errorf("in fragments of %d bytes: %d changes, truncated %v", fragment, len(got), truncated)
		}
		got, truncated = changesOf(t, ComQuery, trackedCaps, fragment, tracked(markOK, 0, "", entry(5000)+entry(1)))
		if !truncated || len(got) > 0 {
			t.Errorf("in fragments of %d bytes: %d changes of a value too large, truncated %v", fragment, len(got), truncated)
		}
	}
}

func TestNothingTrackedCostsNoAllocation(t *testing.T) {
	b := stream(concat(appendLenencString(okWithTail(markOK, more), "Rows matched: 1"), header(trackedCaps, 1), row("a"), end(trackedCaps, 0))...)
	var tr Tracker
	if n := testing.AllocsPerRun(100, func() {
		tr.Begin(ComQuery, trackedCaps)
		if _, ev, err := tr.Feed(b); ev != EventDone || err != nil || tr.SessionChanges().Any() {
			t.Fatal(ev, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAnswersAreCounted(t *testing.T) {
	okOf := func(affected, insert uint64, status, warnings uint16) []byte {
		return AppendOK(nil, 0, OfferedCapabilities, OK{AffectedRows: affected, LastInsertID: insert, Status: status, Warnings: warnings})[HeaderLen:]
	}
	eof := append([]byte{markEOF}, 9, 1, 2, 0)
	for _, c := range []struct {
		name    string
		caps    Capability
		packets [][]byte
		want    string
	}{
		{"ok", OfferedCapabilities, concat(okOf(3, 1<<40, 2, 7)), "3 1099511627776 7"},
		{"the last insert", OfferedCapabilities, concat(okOf(3, 5, more, 7), okOf(2, 0, 2, 1)), "2 5 1"},
		{"rows", OfferedCapabilities, concat(okOf(3, 5, more, 7), header(OfferedCapabilities, 1), end(OfferedCapabilities, 2)), "0 5 0"},
		{"eof", OfferedCapabilities &^ ClientDeprecateEOF, concat(okOf(3, 5, more, 7), header(OfferedCapabilities&^ClientDeprecateEOF, 1), eof), "0 5 265"},
		{"error", OfferedCapabilities, concat(okOf(3, 5, more, 7), errOf(1064)), "0 5 7"},
	} {
		tr, _, _ := feedAnswer(t, ComQuery, c.caps, stream(c.packets...), 3)
		if got := fmt.Sprint(tr.AffectedRows(), tr.LastInsertID(), tr.Warnings()); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		tr.Begin(ComPing, c.caps)
		if got := fmt.Sprint(tr.AffectedRows(), tr.LastInsertID(), tr.Warnings()); got != "0 0 0" {
			t.Errorf("%s is left to the next answer: %s", c.name, got)
		}
	}
}

func TestDefinitionsOfAStatementHaveADigest(t *testing.T) {
	named := func(name string) []byte { return appendColumn(nil, 0, 0, Column{Name: name})[HeaderLen:] }
	digestOf := func(caps Capability, fragment int, payloads ...[]byte) uint64 {
		tr, _, ev := feedAnswer(t, ComStmtPrepare, caps, stream(payloads...), fragment)
		if ev != EventDone {
			t.Fatalf("event %d", ev)
		}
		return tr.Definitions()
	}
	classic := OfferedCapabilities &^ ClientDeprecateEOF
	want := digestOf(OfferedCapabilities, 1<<20, prepareHead(7, 2, 1), named("?"), named("a"), named("b"))
	for name, got := range map[string]uint64{
		"other id":      digestOf(OfferedCapabilities, 1<<20, prepareHead(8, 2, 1), named("?"), named("a"), named("b")),
		"with EOFs":     digestOf(classic, 5, prepareHead(8, 2, 1), named("?"), shortEOF(1), named("a"), named("b"), shortEOF(2)),
		"in bytes":      digestOf(OfferedCapabilities, 1, prepareHead(7, 2, 1), named("?"), named("a"), named("b")),
		"with progress": digestOf(OfferedCapabilities|MariadbProgress, 4, prepareHead(7, 2, 1), errOf(errProgress), named("?"), named("a"), errOf(errProgress), named("b")),
	} {
		if got != want {
			t.Errorf("%s: %#x instead of %#x", name, got, want)
		}
	}
	for name, got := range map[string]uint64{
		"other name":       digestOf(OfferedCapabilities, 7, prepareHead(7, 2, 1), named("?"), named("a"), named("c")),
		"other order":      digestOf(OfferedCapabilities, 7, prepareHead(7, 2, 1), named("?"), named("b"), named("a")),
		"column, no param": digestOf(OfferedCapabilities, 7, prepareHead(7, 3, 0), named("?"), named("a"), named("b")),
		"other cut":        digestOf(OfferedCapabilities, 7, prepareHead(7, 2, 1), named("?"), named("a")[:20], append(named("a")[20:], named("b")...)),
		"nothing":          digestOf(OfferedCapabilities, 7, prepareHead(7, 0, 0)),
	} {
		if got == want || got == 0 {
			t.Errorf("%s: %#x", name, got)
		}
	}
	if got := digestOf(OfferedCapabilities, 7, prepareHead(7, 2, 1), named("?"), errOf(1317)); got != 0 {
		t.Errorf("an error has a digest: %#x", got)
	}
	tr, _, _ := feedAnswer(t, ComQuery, OfferedCapabilities, stream(concat(header(OfferedCapabilities, 1), end(OfferedCapabilities, 0))...), 9)
	if tr.Definitions() != 0 {
		t.Error("a query has a digest")
	}
}

// TestProgressIsNoEnd replays what a MariaDB 10.11 answered to an ALTER TABLE of
// two seconds.
func TestProgressIsNoEnd(t *testing.T) {
	answer := []byte("\x1b\x00\x00\x01\xff\xff\xff\x01\x01\x02\x05\r\x00\x11copy to tmp table" +
		"\x17\x00\x00\x02\xff\xff\xff\x01\x02\x02\x00\x00\x00\rEnabling keys" +
		"\x1b\x00\x00\x03\xff\xff\xff\x01\x02\x02\xa0\x86\x01\x11Repair by sorting" +
		"6\x00\x00\x04\x00\xfd\xe0\x93\x04\x00\x02\x00\x00\x00+Records: 300000  Duplicates: 0  Warnings: 0")
	for _, fragment := range []int{1, 8, len(answer)} {
		tr, taken, ev := feedAnswer(t, ComQuery, OfferedCapabilities|MariadbProgress, answer, fragment)
		if ev != EventDone || taken != len(answer) || tr.AffectedRows() != 300000 || tr.ErrCode() != 0 {
			t.Errorf("event %d after %d bytes, error %d", ev, taken, tr.ErrCode())
		}
	}
	// A client that has not asked for reports takes one for an error.
	if tr, taken, ev := feedAnswer(t, ComQuery, OfferedCapabilities, answer, 8); ev != EventDone || taken != 31 || tr.ErrCode() != errProgress {
		t.Errorf("not agreed on: event %d after %d bytes, error %d", ev, taken, tr.ErrCode())
	}
}

func TestOurOKTellsAboutTheSession(t *testing.T) {
	changes := []SessionChange{
		{SessionVariable, "autocommit", "OFF"},
		{SessionSchema, "", "db"},
		{SessionState, "", "1"},
		{SessionGTIDs, "", "id"},
		{SessionTransactionCharacteristics, "", "WORK"},
		{SessionTransactionState, "", "T_______"},
	}
	b := AppendOK(nil, 1, trackedCaps, OK{Info: "info", Status: StatusAutocommit, Changes: changes})
	tr, _, _ := feedAnswer(t, ComQuery, trackedCaps, b, 2)
	got := tr.SessionChanges()
	if list := slices.Collect(got.All()); !slices.Equal(list, changes) || got.Truncated || tr.Status() != StatusAutocommit|StatusSessionChanged {
		t.Errorf("%q, status %#x", list, tr.Status())
	}
	for name, b := range map[string][]byte{
		"not agreed on": AppendOK(nil, 1, OfferedCapabilities, OK{Status: StatusSessionChanged, Changes: changes}),
		"none":          AppendOK(nil, 1, trackedCaps, OK{Status: StatusSessionChanged}),
		"too large":     AppendOK(nil, 1, trackedCaps, OK{Changes: []SessionChange{{SessionVariable, "a", strings.Repeat("v", maxTracked)}}}),
		"end of rows":   appendEnd(nil, 1, trackedCaps&^ClientDeprecateEOF, StatusSessionChanged),
	} {
		if tr, _, _ := feedAnswer(t, ComSetOption, OfferedCapabilities, b, 2); tr.Status()&StatusSessionChanged != 0 {
			t.Errorf("%s: status %#x", name, tr.Status())
		}
	}
}

package wire

import (
	"encoding/binary"
	"slices"
	"strconv"
	"testing"
)

// payloadsOf takes packets apart and checks how they are numbered.
func payloadsOf(t *testing.T, b []byte, seq uint8) [][]byte {
	t.Helper()
	var out [][]byte
	for len(b) > 0 {
		n, got := ParseHeader(b)
		if got != seq {
			t.Fatalf("packet %d is numbered %d", seq, got)
		}
		seq++
		out = append(out, b[HeaderLen:HeaderLen+n])
		b = b[HeaderLen+n:]
	}
	return out
}

// column is what a client reads of a definition.
type column struct {
	name      string
	collation uint16
	length    uint32
	kind      byte
	flags     uint16
}

func columnOf(t *testing.T, caps Capability, payload []byte) column {
	t.Helper()
	r := reader{b: payload}
	if catalog := string(r.lenencBytes()); catalog != "def" {
		t.Fatalf("catalog %q", catalog)
	}
	for range 3 {
		r.lenencBytes()
	}
	c := column{name: string(r.lenencBytes())}
	r.lenencBytes()
	if caps.Has(MariadbExtendedMetadata) {
		r.lenencBytes()
	}
	if fixed := r.uint8(); fixed != 12 {
		t.Fatalf("%d bytes of fixed fields", fixed)
	}
	c.collation, c.length, c.kind, c.flags = r.uint16(), r.uint32(), r.uint8(), r.uint16()
	r.skip(3)
	if r.bad || len(r.b) > 0 {
		t.Fatalf("definition %q", payload)
	}
	return c
}

var (
	mixed     = []Column{{Name: "id", Unsigned64: true}, {Name: "名"}, {Name: "no", Unsigned64: true}}
	mixedRows = [][]string{{"18446744073709551615", "x", "-"}}
)

// headLen is how many packets of a result set there are in front of its rows.
func headLen(caps Capability) int {
	if caps.Has(ClientDeprecateEOF) {
		return 1 + len(mixed)
	}
	return 1 + len(mixed) + 1
}

func TestOurResultsHaveTheShapeThatWasAgreedOn(t *testing.T) {
	for set, caps := range shapes() {
		for name, b := range map[string][]byte{
			"text":   AppendTextResult(nil, 1, caps, StatusAutocommit, mixed, mixedRows),
			"binary": AppendBinaryResult(nil, 1, caps, StatusAutocommit, mixed, mixedRows),
		} {
			command := map[string]byte{"text": ComQuery, "binary": ComStmtExecute}[name]
			tr, taken, ev := feedAnswer(t, command, caps, b, 3)
			if ev != EventDone || taken != len(b) || tr.Status() != StatusAutocommit {
				t.Errorf("%s, %s: event %d after %d of %d bytes, status %#x", set, name, ev, taken, len(b), tr.Status())
			}
			payloads := payloadsOf(t, b, 1)
			if want := caps&optional != 0; len(payloads[0]) == 2 != want || payloads[0][0] != 3 || want && payloads[0][1] != 1 {
				t.Errorf("%s, %s: begins with %q", set, name, payloads[0])
			}
			for i, want := range []column{
				{"id", collationBinary, 20, typeLonglong, flagUnsigned | flagBinary},
				{"名", collationUTF8MB4, maxValue, typeVarString, 0},
			} {
				if got := columnOf(t, caps, payloads[1+i]); got != want {
					t.Errorf("%s, %s: column %+v, want %+v", set, name, got, want)
				}
			}
			want := "\x1418446744073709551615\x01x\xfb"
			if name == "binary" {
				want = "\x00\x10" + "\xff\xff\xff\xff\xff\xff\xff\xff" + "\x01x"
			}
			if got := string(payloads[headLen(caps)]); got != want {
				t.Errorf("%s, %s: row %q, want %q", set, name, got, want)
			}
		}
	}
}

func TestOurPreparedStatementsHaveTheShapeThatWasAgreedOn(t *testing.T) {
	for set, caps := range shapes() {
		for _, params := range []int{0, 2} {
			for _, columns := range [][]Column{nil, mixed} {
				b := AppendPrepareResult(nil, 1, caps, StatusAutocommit, 42, params, columns)
				tr, taken, ev := feedAnswer(t, ComStmtPrepare, caps, b, 3)
				id, gotColumns, gotParams, ok := tr.Prepared()
				if ev != EventDone || taken != len(b) || id != 42 || int(gotColumns) != len(columns) || int(gotParams) != params || !ok {
					t.Errorf("%s, %d parameters, %d columns: event %d after %d of %d bytes", set, params, len(columns), ev, taken, len(b))
				}
				payloads := payloadsOf(t, b, 1)
				if want := caps.Has(ClientOptionalResultsetMetadata); len(payloads[0]) == 13 != want || want && payloads[0][12] != 1 {
					t.Errorf("%s: begins with %q", set, payloads[0])
				}
				if params > 0 && columnOf(t, caps, payloads[1]).name != "?" {
					t.Errorf("%s: a parameter is %q", set, payloads[1])
				}
			}
		}
	}
}

func TestNULLsOfManyColumnsAreMarked(t *testing.T) {
	const n = 20
	columns, row := make([]Column, n), make([]string, n)
	for i := range columns {
		columns[i].Unsigned64 = true
		if i%3 > 0 {
			row[i] = strconv.Itoa(i)
		}
	}
	r := reader{b: appendBinaryRow(nil, columns, row)}
	r.skip(1)
	nulls := r.bytes((n + 7 + 2) / 8)
	var got []string
	for i := range n {
		if nulls[(i+2)/8]&(1<<((i+2)%8)) != 0 {
			got = append(got, "")
			continue
		}
		got = append(got, strconv.FormatUint(binary.LittleEndian.Uint64(r.bytes(8)), 10))
	}
	if !slices.Equal(got, row) || len(r.b) > 0 || r.bad {
		t.Errorf("%q instead of %q", got, row)
	}
}

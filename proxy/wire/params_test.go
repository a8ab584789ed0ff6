package wire

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const attributes = OfferedCapabilities | ClientQueryAttributes

// attributed builds a COM_STMT_EXECUTE with ClientQueryAttributes by hand; rest is
// what follows the number of iterations.
func attributed(flags byte, rest string) []byte {
	return append([]byte{ComStmtExecute, 1, 0, 0, 0, flags, 1, 0, 0, 0}, rest...)
}

func bulk(flags, rest string) []byte {
	return []byte("\xfa\x01\x00\x00\x00" + flags + rest)
}

func TestTypesOfAnExecutionAreFound(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload []byte
		params  int
		caps    Capability
		count   int
		bound   bool
		types   string
		bad     bool
	}{
		{name: "no parameters", payload: executed(nil, nil)[:10], caps: OfferedCapabilities},
		{name: "bound", payload: executed([]byte{0}, []byte{15, 0, 8, 0x80}, 1, 'x'), params: 2, caps: OfferedCapabilities, count: 2, bound: true, types: "\x0f\x00\x08\x80"},
		{name: "not bound", payload: executed([]byte{0}, nil, 1, 'x'), params: 1, caps: OfferedCapabilities, count: 1},
		{name: "nine", payload: executed([]byte{0, 0}, bytes.Repeat([]byte{3, 0}, 9)), params: 9, caps: OfferedCapabilities, count: 9, bound: true, types: strings.Repeat("\x03\x00", 9)},
		{name: "cut bitmap", payload: executed([]byte{0}, nil)[:10], params: 9, caps: OfferedCapabilities, bad: true},
		{name: "cut types", payload: executed([]byte{0}, []byte{15, 0, 8}), params: 2, caps: OfferedCapabilities, bad: true},
		{name: "cut head", payload: executed(nil, nil)[:7], caps: OfferedCapabilities, bad: true},
		{name: "empty", caps: OfferedCapabilities, bad: true},

		{name: "attributes, no values", payload: attributed(8, "\x00"), caps: attributes},
		{name: "attributes, flag missing", payload: attributed(0, ""), caps: attributes},
		{name: "attributes, one parameter", payload: attributed(8, "\x01\x00\x01\x0f\x00\x00\x01x"), params: 1, caps: attributes, count: 1, bound: true, types: "\x0f\x00\x00"},
		{name: "attributes, count without the flag", payload: attributed(0, "\x01\x00\x01\x0f\x00\x00\x01x"), params: 1, caps: attributes, count: 1, bound: true, types: "\x0f\x00\x00"},
		{name: "attributes behind a parameter", payload: attributed(8, "\x02\x00\x01\x0f\x00\x00\x08\x00\x03abc\x01x"), params: 1, caps: attributes, count: 2, bound: true, types: "\x0f\x00\x00\x08\x00\x03abc"},
		{name: "attributes only", payload: attributed(8, "\x01\x00\x01\x0f\x00\x01a\x01x"), caps: attributes, count: 1, bound: true, types: "\x0f\x00\x01a"},
		{name: "attributes, not bound", payload: attributed(8, "\x01\x00\x00\x01x"), params: 1, caps: attributes, count: 1},
		{name: "attributes, cut name", payload: attributed(8, "\x01\x00\x01\x0f\x00\x03ab"), params: 1, caps: attributes, bad: true},
		{name: "attributes, count lies", payload: attributed(8, "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01"), params: 1, caps: attributes, bad: true},
		{name: "attributes, count is NULL", payload: attributed(8, "\xfb\x00\x01"), params: 1, caps: attributes, bad: true},
		{name: "attributes, no count", payload: attributed(8, ""), params: 1, caps: attributes, bad: true},

		{name: "bulk", payload: bulk("\x80\x00", "\x0f\x00\x00\x01x"), params: 1, caps: OfferedCapabilities, count: 1, bound: true, types: "\x0f\x00"},
		{name: "bulk, not bound", payload: bulk("\x40\x00", "\x00\x01x"), params: 1, caps: OfferedCapabilities, count: 1},
		{name: "bulk, cut types", payload: bulk("\x80\x00", "\x0f"), params: 1, caps: OfferedCapabilities, bad: true},
		{name: "bulk, cut flags", payload: bulk("\x80", ""), params: 1, caps: OfferedCapabilities, bad: true},
	} {
		l, ok := ParseExecute(c.payload, c.params, c.caps)
		if ok == c.bad || l.Params != c.count || l.Bound != c.bound || string(l.Types) != c.types {
			t.Errorf("%s: %+v, %v", c.name, l, ok)
		}
	}
}

// TestTypesAreBoundAgain takes the types out of an execution and puts them back.
func TestTypesAreBoundAgain(t *testing.T) {
	for _, c := range []struct {
		name           string
		bound, unbound []byte
		params         int
		caps           Capability
	}{
		{"plain", executed([]byte{2}, []byte{15, 0, 6, 0}, 1, 'x'), executed([]byte{2}, nil, 1, 'x'), 2, OfferedCapabilities},
		{"attributes", attributed(8, "\x02\x00\x01\x0f\x00\x00\x08\x00\x03abc\x01x"), attributed(8, "\x02\x00\x00\x01x"), 1, attributes},
		{"bulk", bulk("\xc0\x00", "\x0f\x00\x03\x80\x00\x01x\x01"), bulk("\x40\x00", "\x00\x01x\x01"), 2, OfferedCapabilities},
	} {
		bound, ok := ParseExecute(c.bound, c.params, c.caps)
		if !ok || !bound.Bound {
			t.Fatalf("%s: %+v", c.name, bound)
		}
		l, ok := ParseExecute(c.unbound, c.params, c.caps)
		if !ok || l.Bound {
			t.Fatalf("%s: %+v", c.name, l)
		}
		prefix, skip, ok := l.Bind(c.unbound, bound.Types)
		if got := append(prefix, c.unbound[skip:]...); !ok || !bytes.Equal(got, c.bound) {
			t.Errorf("%s: %q instead of %q", c.name, got, c.bound)
		}
		for _, wrong := range [][]byte{nil, bound.Types[:len(bound.Types)-1], append(bytes.Clone(bound.Types), 3, 0, 0)} {
			if _, _, ok := l.Bind(c.unbound, wrong); ok {
				t.Errorf("%s: bound to %q", c.name, wrong)
			}
		}
	}
}

func TestAnExecutionWithoutValuesNeedsNoTypes(t *testing.T) {
	payload := attributed(8, "\x00")
	l, ok := ParseExecute(payload, 0, attributes)
	if prefix, skip, bound := l.Bind(payload, []byte("\x0f\x00\x01a")); !ok || !bound || len(prefix) > 0 || skip != 0 {
		t.Errorf("%q instead of %d bytes", prefix, skip)
	}
}

func TestParametersBesideAttributesBecomeStrings(t *testing.T) {
	payload := attributed(8, "\x03\x04\x01"+"\x0f\x00\x00"+"\x08\x80\x01n"+"\x05\x00\x03abc"+"\x01x"+"\x07\x00\x00\x00\x00\x00\x00\x00")
	values, types, err := ParseExecuteStrings(payload, 2, attributes, nil)
	if err != nil || !slices.Equal(values, []string{"x", "7"}) {
		t.Fatalf("%q, %v", values, err)
	}
	again := attributed(8, "\x02\x00\x00\x01y\x08\x00\x00\x00\x00\x00\x00\x00")
	if values, _, err := ParseExecuteStrings(again, 2, attributes, types); err != nil || !slices.Equal(values, []string{"y", "8"}) {
		t.Errorf("types of the last execution: %q, %v", values, err)
	}
	if _, _, err := ParseExecuteStrings(attributed(8, "\x01\x00\x01\x0f\x00\x00\x01x"), 2, attributes, nil); err == nil {
		t.Error("fewer values than parameters are no error")
	}
	if _, _, err := ParseExecuteStrings(bulk("\x80\x00", "\x0f\x00\x00\x01x"), 1, OfferedCapabilities, nil); err == nil {
		t.Error("a bulk execution is one of strings")
	}
}

func TestTextOfAQueryIsFound(t *testing.T) {
	values := "\x01\x05" + "\x02\x01\x02" + "\x03\x01\x02\x03\x04" + "\x08........" + "\x04...." + "\x05........"
	for _, c := range []struct {
		name, payload string
		caps          Capability
		want          string
		bad           bool
	}{
		{name: "plain", payload: "\x03SELECT 1", caps: OfferedCapabilities, want: "SELECT 1"},
		{name: "none", payload: "\x03\x00\x01SELECT 1", caps: attributes, want: "SELECT 1"},
		{name: "none, no set", payload: "\x03\x00\x00DO 1", caps: attributes, want: "DO 1"},
		{name: "text", payload: "\x03\x01\x01\x00\x01\x0f\x00\x01n\x03abcSELECT 1", caps: attributes, want: "SELECT 1"},
		{name: "null", payload: "\x03\x02\x01\x01\x01\x0f\x00\x01n\xfd\x00\x00\x03abcSELECT 1", caps: attributes, want: "SELECT 1"},
		{name: "numbers", payload: "\x03\x06\x01\x00\x01\x01\x00\x00\x02\x00\x00\x03\x00\x00\x08\x00\x00\x04\x00\x00\x05\x00\x00" +
			"1" + "12" + "1234" + "12345678" + "1234" + "12345678" + "DO 1", caps: attributes, want: "DO 1"},
		{name: "times", payload: "\x03\x04\x01\x00\x01\x0a\x00\x00\x0c\x00\x00\x07\x00\x00\x0b\x00\x00" +
			"\x041234" + "\x071234567" + "\x0b12345678901" + "\x00" + "DO 1", caps: attributes, want: "DO 1"},
		{name: "no value of type NULL", payload: "\x03\x01\x01\x00\x01\x06\x00\x00DO 1", caps: attributes, want: "DO 1"},
		{name: "empty text", payload: "\x03\x00\x01", caps: attributes},
		{name: "nothing", payload: "", caps: OfferedCapabilities, bad: true},
		{name: "no counts", payload: "\x03", caps: attributes, bad: true},
		{name: "two sets", payload: "\x03\x01\x02\x00\x01\x0f\x00\x00\x01xDO 1", caps: attributes, bad: true},
		{name: "no types", payload: "\x03\x01\x01\x00\x00\x01xDO 1", caps: attributes, bad: true},
		{name: "count lies", payload: "\x03\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", caps: attributes, bad: true},
		{name: "cut bitmap", payload: "\x03\x09\x01\x00", caps: attributes, bad: true},
		{name: "cut types", payload: "\x03\x01\x01\x00\x01\x0f", caps: attributes, bad: true},
		{name: "cut name", payload: "\x03\x01\x01\x00\x01\x0f\x00\x05ab", caps: attributes, bad: true},
		{name: "cut value", payload: "\x03\x01\x01\x00\x01\x0f\x00\x01n\x7fabc", caps: attributes, bad: true},
		{name: "cut time", payload: "\x03\x01\x01\x00\x01\x0c\x00\x00\x0b12", caps: attributes, bad: true},
		{name: "values by chance", payload: "\x03" + values, caps: OfferedCapabilities, want: values},
	} {
		got, ok := QueryText([]byte(c.payload), c.caps)
		if ok == c.bad || ok && string(got) != c.want {
			t.Errorf("%s: %q, %v", c.name, got, ok)
		}
	}
}

// FuzzParseExecute looks for types that cannot be put back where they were.
func FuzzParseExecute(f *testing.F) {
	f.Add(executed([]byte{0}, []byte{15, 0, 8, 0x80}, 1, 'x'), uint16(2), uint64(OfferedCapabilities))
	f.Add(attributed(8, "\x02\x00\x01\x0f\x00\x00\x08\x00\x03abc\x01x"), uint16(1), uint64(attributes))
	f.Add(bulk("\x80\x00", "\x0f\x00\x00\x01x"), uint16(1), uint64(OfferedCapabilities))
	f.Fuzz(func(t *testing.T, payload []byte, params uint16, caps uint64) {
		l, ok := ParseExecute(payload, int(params), Capability(caps))
		if !ok || !l.Bound {
			return
		}
		prefix, skip, ok := l.Bind(payload, l.Types)
		if !ok {
			t.Fatalf("%+v cannot be bound to its own types", l)
		}
		if l.Params == 0 {
			return
		}
		again, ok := ParseExecute(append(prefix, payload[skip:]...), int(params), Capability(caps))
		if !ok || !again.Bound || fmt.Sprint(again.Params, again.Types) != fmt.Sprint(l.Params, l.Types) {
			t.Fatalf("%+v became %+v", l, again)
		}
	})
}

func FuzzQueryText(f *testing.F) {
	f.Add([]byte("\x03\x02\x01\x01\x01\x0f\x00\x01n\xfd\x00\x00\x03abcSELECT 1"), uint64(attributes))
	f.Add([]byte("\x03SELECT 1"), uint64(0))
	f.Fuzz(func(t *testing.T, payload []byte, caps uint64) {
		text, ok := QueryText(payload, Capability(caps))
		if ok && !bytes.HasSuffix(payload, text) {
			t.Fatalf("%q is no end of %q", text, payload)
		}
		// A text that is found in a part of the command begins where it does in all.
		if more, _ := QueryText(append(payload[:len(payload):len(payload)], "xyz"...), Capability(caps)); ok && len(more) != len(text)+3 {
			t.Fatalf("%q and then %q", text, more)
		}
	})
}

package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// executed builds a COM_STMT_EXECUTE by hand. types nil means that they are left
// out.
func executed(nulls []byte, types []byte, values ...byte) []byte {
	out := append([]byte{ComStmtExecute, 1, 0, 0, 0, 0, 1, 0, 0, 0}, nulls...)
	if types == nil {
		return append(append(out, 0), values...)
	}
	return append(append(append(out, 1), types...), values...)
}

func TestParametersBecomeStrings(t *testing.T) {
	for _, c := range []struct {
		name        string
		types       []byte
		values      []byte
		want        string
		wantInError string
	}{
		{name: "tiny", types: []byte{1, 0}, values: []byte{0xff}, want: "-1"},
		{name: "unsigned tiny", types: []byte{1, 0x80}, values: []byte{0xff}, want: "255"},
		{name: "short", types: []byte{2, 0}, values: []byte{0, 0x80}, want: "-32768"},
		{name: "year", types: []byte{13, 0x80}, values: []byte{0xea, 7}, want: "2026"},
		{name: "long", types: []byte{3, 0}, values: []byte{1, 2, 0, 0}, want: "513"},
		{name: "unsigned long", types: []byte{3, 0x80}, values: []byte{0xff, 0xff, 0xff, 0xff}, want: "4294967295"},
		{name: "int24", types: []byte{9, 0}, values: []byte{0xff, 0xff, 0xff, 0xff}, want: "-1"},
		{name: "longlong", types: []byte{8, 0}, values: []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, want: "-9223372036854775808"},
		{name: "varchar", types: []byte{15, 0}, values: []byte("\x03abc"), want: "abc"},
		{name: "decimal", types: []byte{246, 0}, values: []byte("\x031.5"), want: "1.5"},
		{name: "blob", types: []byte{252, 0}, values: []byte("\xfc\x02\x00ab"), want: "ab"},
		{name: "empty", types: []byte{254, 0}, values: []byte{0}, want: ""},
		{name: "double", types: []byte{5, 0}, values: make([]byte, 8), wantInError: "type 5"},
		{name: "datetime", types: []byte{12, 0}, values: []byte{0}, wantInError: "type 12"},
		{name: "null type", types: []byte{6, 0}, wantInError: "NULL"},
		{name: "no value", types: []byte{8, 0}, values: make([]byte, 7), wantInError: "too short"},
		{name: "cut string", types: []byte{15, 0}, values: []byte("\x04abc"), wantInError: "too short"},
		{name: "NULL as a length", types: []byte{15, 0}, values: []byte{0xfb}, wantInError: "too short"},
		{name: "cut length", types: []byte{15, 0}, values: []byte{0xfe, 1}, wantInError: "too short"},
		{name: "cut types", types: []byte{15}, wantInError: "too short"},
	} {
		values, types, err := ParseExecuteStrings(executed([]byte{0}, c.types, c.values...), 1, OfferedCapabilities, nil)
		if c.wantInError != "" {
			if err == nil || !strings.Contains(err.Error(), c.wantInError) {
				t.Errorf("%s: %q, %v", c.name, values, err)
			}
			continue
		}
		if err != nil || !slices.Equal(values, []string{c.want}) {
			t.Errorf("%s: %q, %v; want %q", c.name, values, err, c.want)
			continue
		}
		again, _, err := ParseExecuteStrings(executed([]byte{0}, nil, c.values...), 1, OfferedCapabilities, types)
		if err != nil || !slices.Equal(again, values) {
			t.Errorf("%s, types of the last execution: %q, %v", c.name, again, err)
		}
	}
}

func TestNullIsNoValue(t *testing.T) {
	types := slices.Repeat([]byte{15, 0}, 9)
	values := slices.Repeat([]byte{1, 'x'}, 8)
	_, _, err := ParseExecuteStrings(executed([]byte{0, 1}, types, values...), 9, OfferedCapabilities, nil)
	if !errors.Is(err, ErrNullParam) || !strings.Contains(err.Error(), "parameter 9") {
		t.Errorf("%v", err)
	}
}

func TestExecuteWithoutTypesNeedsEarlierOnes(t *testing.T) {
	for _, prev := range [][]ParamType{nil, {15}, {15, 15, 15}} {
		if _, _, err := ParseExecuteStrings(executed([]byte{0}, nil, 1, 'x', 1, 'y'), 2, OfferedCapabilities, prev); err == nil {
			t.Errorf("%d types for 2 parameters are no error", len(prev))
		}
	}
	if values, _, err := ParseExecuteStrings(executed(nil, nil), 0, OfferedCapabilities, nil); len(values) != 0 || err != nil {
		t.Errorf("without parameters: %q, %v", values, err)
	}
	if _, _, err := ParseExecuteStrings([]byte{ComStmtExecute, 1, 0, 0}, 0, OfferedCapabilities, nil); err == nil {
		t.Error("a cut command is no error")
	}
}

func FuzzExecute(f *testing.F) {
	f.Add(executed([]byte{0}, []byte{15, 0, 8, 0x80}, 1, 'x', 1, 2, 3, 4, 5, 6, 7, 8), uint8(2), false)
	f.Add(executed([]byte{2}, []byte{252, 0, 6, 0}, 0xfe, 1, 0, 0, 0, 0, 0, 0, 0, 'x'), uint8(2), false)
	f.Add(executed([]byte{0}, nil, 1, 'x'), uint8(1), false)
	f.Add(attributed(8, "\x02\x00\x01\x0f\x00\x00\x08\x00\x03abc\x01x"), uint8(1), true)
	f.Fuzz(func(t *testing.T, payload []byte, params uint8, named bool) {
		caps := OfferedCapabilities
		if named {
			caps = attributes
		}
		values, types, err := ParseExecuteStrings(payload, int(params), caps, []ParamType{15})
		if err != nil {
			return
		}
		if len(values) != int(params) || len(types) != len(values) {
			t.Fatalf("%d values and %d types of %d parameters", len(values), len(types), params)
		}
		total := 0
		for _, v := range values {
			total += len(v)
		}
		if total > 20*len(payload) { // a byte becomes at most four digits
			t.Fatalf("%d bytes of values out of %d", total, len(payload))
		}
	})
}

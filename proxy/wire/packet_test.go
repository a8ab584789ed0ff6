package wire

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHeaderIsReadAsWritten(t *testing.T) {
	var b [HeaderLen]byte
	for _, length := range []int{0, 1, 0x1234, 0x123456, MaxPacketPayload} {
		PutHeader(b[:], length, 250)
		if n, seq := ParseHeader(b[:]); n != length || seq != 250 {
			t.Errorf("%d, 250 is read as %d, %d", length, n, seq)
		}
	}
}

func TestTextOfOurPacketsIsBounded(t *testing.T) {
	long := strings.Repeat("长", 1<<20)
	for name, b := range map[string][]byte{
		"ok":  AppendOK(nil, 1, OfferedCapabilities, OK{Info: long}),
		"err": AppendErr(nil, 1, 1105, "HY000", long),
	} {
		n, _ := ParseHeader(b)
		if n != len(b)-HeaderLen || n > 5<<10 || n < 4<<10 {
			t.Errorf("%s: a packet of %d bytes says %d", name, len(b), n)
		}
		text := string(b[strings.Index(string(b), "长"):])
		if !utf8.ValidString(text) {
			t.Errorf("%s: cut in the middle of a character", name)
		}
	}
	many := make([]string, 255)
	for i := range many {
		many[i] = long
	}
	b := appendTextRow(nil, make([]Column, len(many)), many)
	if len(b) >= MaxPacketPayload {
		t.Errorf("a row of %d bytes", len(b))
	}
}

func TestErrHasAlwaysAState(t *testing.T) {
	for state, want := range map[string]string{"28000": "#28000no", "": "#HY000no", "toolong": "#HY000no"} {
		if got := string(AppendErr(nil, 1, 1045, state, "no")[HeaderLen+3:]); got != want {
			t.Errorf("state %q gives %q, want %q", state, got, want)
		}
	}
}

func TestCapabilitiesAreNamed(t *testing.T) {
	for c, want := range map[Capability]string{
		0:                                     "none",
		ClientProtocol41 | ClientDeprecateEOF: "PROTOCOL_41|DEPRECATE_EOF",
		ClientRememberOptions:                 "0x80000000",
	} {
		if got := c.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint32(c), got, want)
		}
	}
	if strings.Contains(SupportedCapabilities.String(), "0x") {
		t.Errorf("a flag that we support has no name: %v", SupportedCapabilities)
	}
	if !SupportedCapabilities.Has(OfferedCapabilities) {
		t.Errorf("offered and not supported: %v", OfferedCapabilities&^SupportedCapabilities)
	}
	if both := OwnCapabilities & ShapeMask; both != 0 {
		t.Errorf("our own and yet the server's: %v", both)
	}
}

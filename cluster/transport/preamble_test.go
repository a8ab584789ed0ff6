package transport

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestPreambleIsReadAsWritten(t *testing.T) {
	for _, p := range []preamble{
		{service: RPC},
		{service: Raft, cluster: NewClusterID(), target: "n1"},
		{service: Raft, cluster: NewClusterID(), target: strings.Repeat("n", maxNodeIDLen)},
		{service: Raft},
	} {
		wire, err := p.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := iotest.OneByteReader(io.MultiReader(bytes.NewReader(wire), strings.NewReader("rest")))
		got, err := readPreamble(r)
		if err != nil || got != p {
			t.Errorf("%+v, %v; want %+v", got, err, p)
		}
		if rest, err := io.ReadAll(r); err != nil || string(rest) != "rest" {
			t.Errorf("what follows: %q, %v", rest, err)
		}
	}
	if _, err := (preamble{service: Raft, target: strings.Repeat("n", maxNodeIDLen+1)}).append(nil); err == nil {
		t.Error("a node id that is too long was written")
	}
}

func FuzzReadPreamble(f *testing.F) {
	f.Add([]byte("R\x010123456789abcdef\x02n1"))
	f.Add([]byte("G\x01PRI"))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPreamble(bytes.NewReader(b))
		if err != nil {
			return
		}
		wire, err := p.append(nil)
		if err != nil || !bytes.HasPrefix(b, wire) {
			t.Errorf("%x was read from %x (%v)", wire, b, err)
		}
	})
}

func TestClusterIDText(t *testing.T) {
	id := NewClusterID()
	if got, err := ParseClusterID(id.String()); err != nil || got != id {
		t.Errorf("%v, %v; want %v", got, err, id)
	}
	for _, bad := range []string{"", "12", strings.Repeat("x", 32)} {
		if _, err := ParseClusterID(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if (ClusterID{}).String() != "" {
		t.Error("the zero id has a text")
	}
}

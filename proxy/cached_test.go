package proxy_test

import (
	"encoding/binary"
	"testing"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// TestClientThatKeepsDefinitionsIsNotMisled executes statements in another library
// for a client that has agreed to keep the column definitions which it was given
// when it prepared them.
func TestClientThatKeepsDefinitionsIsNotMisled(t *testing.T) {
	for i, shape := range []string{"b varchar(10)", "b int"} {
		for _, sql := range []string{
			"create or replace table same (a int, b varchar(10))", "insert into same values (1, 'x')",
			"create or replace table other (a int, " + shape + ")", "insert into other values (1, 2)",
		} {
			if _, err := direct(t, servers[i]).ExecContext(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := start(t).peer(t, wire.MariadbCacheMetadata|wire.ClientDeprecateEOF|wire.ClientPSMultiResults)
	c.query(t, "select library a1")
	same, other := c.prepares(t, "select * from same"), c.prepares(t, "select * from other")
	c.executes(t, same)
	c.executes(t, other)

	c.query(t, "select library a2")
	c.executes(t, same)
	c.send(t, wire.ComStmtExecute, id4(other)+"\x00"+id4(1))
	if code := c.outcome(t, 0); code != 1615 {
		t.Errorf("error %d for a statement with other columns here, want 1615", code)
	}
	c.executes(t, c.prepares(t, "select * from other"))
}

// prepares prepares a statement without parameters that has two columns.
func (p *peer) prepares(t *testing.T, sql string) uint32 {
	t.Helper()
	p.send(t, wire.ComStmtPrepare, sql)
	var first []byte
	for i := range 1 + 2 {
		_, payload, err := p.read()
		if err != nil || payload[0] == 0xff {
			t.Fatalf("%s: %q, %v", sql, payload, err)
		}
		if i == 0 {
			first = payload
		}
	}
	return binary.LittleEndian.Uint32(first[1:])
}

// executes wants one row, without the definitions that the client has.
func (p *peer) executes(t *testing.T, id uint32) {
	t.Helper()
	p.send(t, wire.ComStmtExecute, id4(id)+"\x00"+id4(1))
	for i, want := range []string{"\x02\x00", "\x00", "\xfe"} {
		_, payload, err := p.read()
		if err != nil || string(payload[:min(len(want), len(payload))]) != want {
			t.Fatalf("packet %d: %q, %v; want one that begins with %q", i+1, payload, err, want)
		}
	}
}

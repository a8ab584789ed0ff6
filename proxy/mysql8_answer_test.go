package proxy_test

import (
	"slices"
	"strings"
	"testing"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
)

// scripted makes a library that answers queries that end with a text in this way.
func scripted(t *testing.T, texts map[string]func(c *fakeserver.Conn) []fakeserver.Step) *fakeLibrary {
	return startFake(t, func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
		for text, answer := range texts {
			if payload[0] == wire.ComQuery && strings.HasSuffix(string(payload), text) {
				return answer(c)
			}
		}
		return nil
	})
}

func TestMetadataMayBeLeftOut(t *testing.T) {
	for _, deprecate := range []wire.Capability{0, wire.ClientDeprecateEOF} {
		caps := everything&^wire.ClientDeprecateEOF | wire.ClientOptionalResultsetMetadata | deprecate
		bare := slices.Concat(fakeserver.BareColumns(uint64(caps), 2, 2),
			[][]byte{fakeserver.Row("1", "2"), fakeserver.End(uint64(caps), 2)})
		full := fakeserver.Result(uint64(caps), []string{"a", "b"}, []string{"1", "2"})
		// Without definitions, the EOF packets behind them still come.
		prepared := [][]byte{[]byte("\x00\x09\x00\x00\x00\x02\x00\x01\x00\x00\x00\x00\x00")}
		if deprecate == 0 {
			prepared = append(prepared, fakeserver.EOF(2), fakeserver.EOF(2))
		}
		f := startFake(t, func(_ *fakeserver.Conn, payload []byte) []fakeserver.Step {
			switch {
			case payload[0] == wire.ComStmtPrepare:
				return []fakeserver.Step{fakeserver.Send(prepared...)}
			case payload[0] == wire.ComStmtExecute, strings.HasSuffix(string(payload), "bare from t"):
				return []fakeserver.Step{fakeserver.Send(bare...)}
			case strings.HasSuffix(string(payload), "full from t"):
				return []fakeserver.Step{fakeserver.Send(full...)}
			}
			return nil
		})
		p := start(t, serves(f)).peer(t, caps)
		p.query(t, "select library a1")
		p.ask(t, "select bare from t")
		p.wants(t, bare...)
		p.ask(t, "select full from t")
		p.wants(t, full...)
		p.send(t, wire.ComStmtPrepare, "select bare from t where a = ?")
		_, head, err := p.read()
		if err != nil || string(head[5:]) != string(prepared[0][5:]) {
			t.Fatalf("%q, %v", head, err)
		}
		for range prepared[1:] {
			if _, eof, err := p.read(); err != nil || string(eof) != string(fakeserver.EOF(2)) {
				t.Fatalf("%q, %v", eof, err)
			}
		}
		p.send(t, wire.ComStmtExecute, string(head[1:5])+"\x00\x01\x00\x00\x00"+"\x00\x01\x08\x00"+"12345678")
		p.wants(t, bare...)
		p.query(t, "insert into t values (1)")
		if conn := f.last(t).conn; f.of(wire.ComStmtExecute)[0].conn != conn {
			t.Error("the session has changed its connection")
		}
	}
}

func TestReportsOfTheSessionPassAndFollowIt(t *testing.T) {
	report := fakeserver.OK{AffectedRows: 1, Info: "text", Session: slices.Concat(
		fakeserver.Schema("elsewhere"), fakeserver.Variable("sql_mode", "ANSI_QUOTES"), fakeserver.Changed(),
		fakeserver.Entry(3, "\x00\x27"+"3E11FA47-71CA-11E1-9E33-C80AA9429562:23"),
		fakeserver.Entry(4, "\x16START TRANSACTION; xyz"), fakeserver.Entry(5, "\x08T_____W_"),
	)}
	f := scripted(t, map[string]func(c *fakeserver.Conn) []fakeserver.Step{
		"call everything()": func(c *fakeserver.Conn) []fakeserver.Step { return ok(c, report) },
		"call unknown()": func(c *fakeserver.Conn) []fakeserver.Step {
			return ok(c, fakeserver.OK{Session: fakeserver.Variable("rand_seed1", "5")})
		},
	})
	other := startFake(t, nil)
	n := start(t, serves(f, other))
	p := n.peer(t, everything)
	p.query(t, "select library a1")
	p.ask(t, "call everything()")
	p.wants(t, report.Payload(uint64(p.Capabilities)))
	p.query(t, "select library a2")
	p.query(t, "insert into t values (1)")
	all := other.of(wire.ComQuery)
	if len(all) != 2 || all[0].payload != "\x03SET sql_mode='ANSI_QUOTES'" {
		t.Errorf("the other library has got %+v", all)
	}
	if db := other.login(all[0].conn).Database; db != "elsewhere" {
		t.Errorf("the default database is %q", db)
	}
	p.query(t, "select library a1")
	p.query(t, "call unknown()")
	p.ask(t, "select library a2")
	if code := p.outcome(t, 0); code != 9523 {
		t.Errorf("what cannot be repeated is error %d", code)
	}

	without := n.peer(t, everything&^wire.ClientSessionTrack)
	without.query(t, "select library a1")
	without.ask(t, "call everything()")
	without.wants(t, report.Payload(uint64(without.Capabilities)))
}

func TestCursorsOfMySQL8(t *testing.T) {
	const cursor, last = fakeserver.StatusAutocommit | fakeserver.StatusCursorExists, fakeserver.StatusLastRowSent
	for _, deprecate := range []wire.Capability{0, wire.ClientDeprecateEOF} {
		caps := uint64(everything&^wire.ClientDeprecateEOF | deprecate)
		opened := fakeserver.Columns(caps, cursor, "a")
		if deprecate != 0 {
			opened = append(opened, fakeserver.End(caps, cursor))
		}
		fetched := [][]byte{[]byte("\x00\x00\x01x"), []byte("\x00\x00\x01y"), fakeserver.End(caps, cursor|last)}
		f := startFake(t, func(_ *fakeserver.Conn, payload []byte) []fakeserver.Step {
			switch payload[0] {
			case wire.ComStmtPrepare:
				return []fakeserver.Step{fakeserver.Send(fakeserver.Prepared(caps, 9, 0, "a")...)}
			case wire.ComStmtExecute:
				return []fakeserver.Step{fakeserver.Send(opened...)}
			case wire.ComStmtFetch:
				return []fakeserver.Step{fakeserver.Send(fetched...)}
			}
			return nil
		})
		p := start(t, serves(f)).peer(t, wire.Capability(caps))
		p.query(t, "select library a1")
		p.send(t, wire.ComStmtPrepare, "select a from t")
		var id string
		for i := range fakeserver.Prepared(caps, 9, 0, "a") {
			_, payload, err := p.read()
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				id = string(payload[1:5])
			}
		}
		p.send(t, wire.ComStmtExecute, id+"\x01\x01\x00\x00\x00")
		p.wants(t, opened...)
		p.send(t, wire.ComStmtFetch, id+"\x02\x00\x00\x00")
		p.wants(t, fetched...)
		p.query(t, "insert into t values (1)")
		if got := f.of(wire.ComStmtFetch); len(got) != 1 || got[0].payload != "\x1c\x09\x00\x00\x00\x02\x00\x00\x00" {
			t.Errorf("the server has got %+v", got)
		}
	}
}

func TestExecutionWithAttributesFollowsTheSession(t *testing.T) {
	var fakes []*fakeLibrary
	for id := range uint32(2) {
		fakes = append(fakes, startFake(t, func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
			if payload[0] == wire.ComStmtPrepare {
				return []fakeserver.Step{fakeserver.Send(fakeserver.Prepared(c.Capabilities(), 70+id, 1)...)}
			}
			return nil
		}))
	}
	p := start(t, serves(fakes...)).peer(t, everything|wire.ClientQueryAttributes)
	p.query(t, "select library a1")
	p.send(t, wire.ComStmtPrepare, "insert into t values (?)")
	_, head, err := p.read()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.read(); err != nil { // the parameter
		t.Fatal(err)
	}
	const (
		flags    = "\x08\x01\x00\x00\x00" // it tells how many values it has
		count    = "\x02\x00"             // none of them NULL
		types    = "\x01" + "\xfe\x00\x00" + "\xfe\x00\x05trace"
		noTypes  = "\x00"
		values   = "\x01v\x02t1"
		another  = "\x01w\x02t2"
		executed = "\x17"
	)
	own := string(head[1:5])
	p.send(t, wire.ComStmtExecute, own+flags+count+types+values)
	p.wantsOK(t)
	p.send(t, wire.ComStmtExecute, own+flags+count+noTypes+another)
	p.wantsOK(t)
	p.query(t, "select library a2")
	for range 2 {
		p.send(t, wire.ComStmtExecute, own+flags+count+noTypes+another)
		p.wantsOK(t)
	}
	for i, want := range [][]string{
		{executed + id4(70) + flags + count + types + values, executed + id4(70) + flags + count + noTypes + another},
		{executed + id4(71) + flags + count + types + another, executed + id4(71) + flags + count + noTypes + another},
	} {
		var got []string
		for _, s := range fakes[i].of(wire.ComStmtExecute) {
			got = append(got, s.payload)
		}
		if !slices.Equal(got, want) {
			t.Errorf("library %d has got %q, want %q", i+1, got, want)
		}
	}
}

func TestErrorInPlaceOfALaterResult(t *testing.T) {
	const more = fakeserver.StatusAutocommit | fakeserver.StatusMoreResultsExists
	caps := uint64(everything)
	all := slices.Concat(fakeserver.Columns(caps, more, "a"), [][]byte{
		fakeserver.Row("1"), fakeserver.End(caps, more), fakeserver.OK{AffectedRows: 2, Status: more}.Payload(caps),
		fakeserver.Err(1146, "42S02", "there is no such table"),
	})
	f := scripted(t, map[string]func(c *fakeserver.Conn) []fakeserver.Step{
		"three of them": func(*fakeserver.Conn) []fakeserver.Step { return []fakeserver.Step{fakeserver.Send(all...)} },
	})
	p := start(t, serves(f)).peer(t, everything)
	p.query(t, "select library a1")
	p.ask(t, "insert into t select three of them")
	p.wants(t, all...)
	conn := f.last(t).conn
	p.query(t, "insert into t values (1)")
	if got := f.last(t).conn; got != conn {
		t.Errorf("connection %d after connection %d: it was well", got, conn)
	}
	p.query(t, "select library a1")
}

func TestCompressingClientsOfMySQL8(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 1<<16)
	for name, flag := range map[string]uint32{"zlib": mysql.CLIENT_COMPRESS, "zstd": mysql.CLIENT_ZSTD_COMPRESSION_ALGORITHM} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, func(c *fakeserver.Conn, payload []byte) []fakeserver.Step {
				if !strings.HasSuffix(string(payload), "select big from t") {
					return nil
				}
				return result(c, []string{"big"}, []string{big}, []string{"small"})
			})
			n := start(t, serves(f))
			c := n.raw(t, func(c *mysqlclient.Conn) error { return c.SetCapability(flag) })
			if c.Compression == 0 {
				t.Fatal("the client does not compress")
			}
			for _, sql := range []string{"select library a1", "insert into t values ('" + big + "')"} {
				if _, err := c.Execute(sql); err != nil {
					t.Fatal(err)
				}
			}
			if got := f.last(t).payload; len(got) < len(big) || !strings.HasSuffix(got, big+"')") {
				t.Errorf("the server has got %d bytes", len(got))
			}
			if err := c.SetQueryAttributes(mysql.QueryAttribute{Name: "trace", Value: "t1"}); err != nil {
				t.Fatal(err)
			}
			r, err := c.Execute("select big from t")
			if err != nil || r.RowNumber() != 2 || string(r.Values[0][0].AsString()) != big || string(r.Values[1][0].AsString()) != "small" {
				t.Errorf("%d rows, %v", r.RowNumber(), err)
			}
			if got := f.last(t).payload; !strings.Contains(got, "\x05trace\x02t1") {
				t.Errorf("the server has got %q", got)
			}
		})
	}
}

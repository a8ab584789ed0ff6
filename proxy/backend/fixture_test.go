package backend

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// plain is the profile that most tests ask for.
var plain = Profile{Capabilities: wire.ClientDeprecateEOF, Collation: 45, Database: "test"}

var testAccount = account{user: "test", password: "test"}

// settings are those of the shared servers' account.
func settings() *fsm.Settings {
	return &fsm.Settings{User: testAccount.user, Password: testAccount.password, UnusedForwardSessionTimeout: time.Minute}
}

// libraries makes a set of libraries with ids 1, 2, ..., each with the given
// servers, the first of which is active.
func libraries(servers ...[]string) *fsm.LibrarySet {
	list := make([]fsm.Library, len(servers))
	for i, addresses := range servers {
		list[i] = fsm.Library{ID: fsm.LibraryID(i + 1), Name: fmt.Sprintf("library_%d", i+1), State: fsm.LibraryOpen, Weight: 1}
		for _, address := range addresses {
			list[i].Servers = append(list[i].Servers, fsm.Server{Address: address})
		}
		list[i].Active = addresses[0]
		list[i].ActiveEpoch = 1
	}
	return fsm.NewLibrarySet(1, list)
}

func needServers(t *testing.T) {
	t.Helper()
	if first == nil {
		need.Missing(t, "no MariaDB or MySQL server is installed")
	}
}

// manage makes a manager that ends with the test.
func manage(t *testing.T, cfg Config, set *fsm.LibrarySet) *Manager {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = zaptest.NewLogger(t)
	}
	if cfg.ProbeInterval == 0 {
		cfg.ProbeInterval = 20 * time.Millisecond
	}
	m := New(cfg)
	t.Cleanup(m.Close)
	m.Update(set, settings())
	return m
}

func acquire(t *testing.T, m *Manager, profile Profile) *Conn {
	t.Helper()
	c, err := m.Acquire(t.Context(), 1, profile)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func statsOf(m *Manager) PoolStats { return m.Pools()[0] }

// awaitIdle waits until that many connections are idle and none is being reset.
func awaitIdle(t *testing.T, m *Manager, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d idle connections", n), func() bool {
		p := statsOf(m)
		return p.Idle == n && p.Resetting == 0
	})
}

// dial opens a connection as a pool does.
func dial(ctx context.Context, server string, as account, profile Profile) (*link, error) {
	return (&target{server: server}).dial(ctx, as, profile)
}

// admin is a connection of the test's own.
func admin(t *testing.T, address string) *link {
	t.Helper()
	l, err := dial(t.Context(), address, testAccount, plain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.quit)
	return l
}

// keepBusy makes the server work on a statement of the connection until the test
// ends, so that it answers nothing else.
func keepBusy(t *testing.T, c *Conn) {
	t.Helper()
	query(t, admin(t, c.Server()), "SELECT GET_LOCK('busy', 0)")
	statement := append([]byte{wire.ComQuery}, "SELECT GET_LOCK('busy', 3600)"...)
	if _, err := c.NetConn().Write(packet(0, statement...)); err != nil {
		t.Fatal(err)
	}
}

// query runs a statement and returns its rows, values separated by commas; or
// the error packet as "ERR <code>".
func query(t *testing.T, l *link, sql string) string {
	t.Helper()
	answer, err := tryQuery(l, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func tryQuery(l *link, sql string) (string, error) {
	if _, err := l.conn.Write(wire.AppendCommand(nil, l.agreed, wire.ComQuery, sql)); err != nil {
		return "", err
	}
	payload, err := readPacket(l.conn)
	if err != nil {
		return "", err
	}
	switch payload[0] {
	case okPacket:
		return "", nil
	case errPacket:
		return fmt.Sprintf("ERR %d", binary.LittleEndian.Uint16(payload[1:])), nil
	}
	toSkip := int(payload[0])
	if !l.agreed.Has(wire.ClientDeprecateEOF) {
		toSkip++
	}
	var rows []string
	for {
		payload, err := readPacket(l.conn)
		if err != nil {
			return "", err
		}
		switch {
		case toSkip > 0:
			toSkip--
		case payload[0] == eofPacket:
			return strings.Join(rows, ";"), nil
		default:
			rows = append(rows, textRow(payload))
		}
	}
}

func textRow(payload []byte) string {
	var values []string
	for len(payload) > 0 {
		if payload[0] == 0xfb {
			values, payload = append(values, "NULL"), payload[1:]
			continue
		}
		end := 1 + int(payload[0]) // tests read short values only
		values, payload = append(values, string(payload[1:end])), payload[end:]
	}
	return strings.Join(values, ",")
}

func readPacket(r io.Reader) ([]byte, error) {
	var header [wire.HeaderLen]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	length, _ := wire.ParseHeader(header[:])
	payload := make([]byte, length)
	_, err := io.ReadFull(r, payload)
	return payload, err
}

// cancelled is a context that has ended.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

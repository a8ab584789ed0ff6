package proxy_test

import (
	"testing"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy"
)

// BenchmarkStatement is a statement's way through the node and back, one session
// after the other. Everything is in one process, so the allocations are those of
// the session and of the pool: the client of the benchmark makes none.
func BenchmarkStatement(b *testing.B) {
	quiet := func(_ *directory, cfg *proxy.Config) {
		cfg.Logger, cfg.Registerer = zap.NewNop(), prometheus.NewRegistry()
	}
	n := start(b, quiet)
	c, err := mysqlclient.Connect(n.addr, user, password, "")
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	socket := c.Conn.Conn
	buf := make([]byte, 4096)
	// ask sends a command whose whole answer comes in one piece.
	ask := func(b *testing.B, packet []byte) []byte {
		if _, err := socket.Write(packet); err != nil {
			b.Fatal(err)
		}
		n, err := socket.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		if buf[4] == 0xff {
			b.Fatalf("%q", buf[:n])
		}
		return buf[:n]
	}
	ask(b, packet(0x03, "select library a1"))
	ask(b, packet(0x03, "create or replace table point (id int primary key, v int)"))
	ask(b, packet(0x03, "insert into point values (7, 7)"))
	prepared := string(ask(b, packet(0x16, "select v from point where id = 7"))[5:9])

	for _, statement := range []struct {
		name   string
		packet []byte
	}{
		{"do", packet(0x03, "do 1")},
		{"point select, text", packet(0x03, "select v from point where id = 7")},
		{"point select, prepared", packet(0x17, prepared+"\x00\x01\x00\x00\x00")},
		{"select library, known", packet(0x03, "select library a1")},
	} {
		b.Run(statement.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, statement.packet)
			}
		})
	}
}

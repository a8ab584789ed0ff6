package wire

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// loginOnly is a connection on which a client has sent its login already.
type loginOnly struct {
	net.Conn
	bytes.Reader
}

func (c *loginOnly) Read(b []byte) (int, error)  { return c.Reader.Read(b) }
func (c *loginOnly) Write(b []byte) (int, error) { return io.Discard.Write(b) }
func (c *loginOnly) SetDeadline(time.Time) error { return nil }

func BenchmarkLogin(b *testing.B) {
	cfg := acceptConfig()
	payload := packetOf(1, login{
		capabilities: OfferedCapabilities, user: "open", database: "shop", plugin: pluginNative,
		attributes: map[string]string{"_client_name": "libmariadb", "_os": "Linux", "_pid": "1"},
	}.payload())
	var conn loginOnly
	b.ReportAllocs()
	for b.Loop() {
		conn.Reset(payload)
		if _, err := Accept(&conn, cfg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompress(b *testing.B) {
	answer := bytes.Repeat([]byte("some rows of a result, which look alike\n"), maxFrame/40)
	for name, c := range compressed {
		b.Run(name, func(b *testing.B) {
			conn := Compress(&loginOnly{}, c)
			b.SetBytes(int64(len(answer)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkExpand(b *testing.B) {
	command := bytes.Repeat([]byte("SELECT name FROM customers WHERE id = 1 "), 10)
	for name, c := range compressed {
		b.Run(name, func(b *testing.B) {
			frame := compressedFrame(payloadOf(b, c.Algorithm, command), len(command))
			var below loginOnly
			conn := Compress(&below, c)
			got := make([]byte, len(command))
			b.ReportAllocs()
			for b.Loop() {
				below.Reset(frame)
				if _, err := io.ReadFull(conn, got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

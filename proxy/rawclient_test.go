package proxy_test

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
)

// rawClient is a client whose every packet the test makes itself.
type rawClient struct {
	*mysqlclient.Conn
	socket net.Conn
}

func (n *node) raw(t *testing.T, options ...mysqlclient.Option) *rawClient {
	t.Helper()
	c, err := mysqlclient.Connect(n.addr, user, password, "", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	socket := c.Conn.Conn
	if err := socket.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &rawClient{Conn: c, socket: socket}
}

func packet(command byte, argument string) []byte {
	n := 1 + len(argument)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, command}, argument...)
}

func id4(id uint32) string { return string(binary.LittleEndian.AppendUint32(nil, id)) }

// send sends packets in one write.
func (c *rawClient) send(t *testing.T, packets ...[]byte) {
	t.Helper()
	var all []byte
	for _, p := range packets {
		all = append(all, p...)
	}
	if _, err := c.socket.Write(all); err != nil {
		t.Fatal(err)
	}
}

// read returns the next packet of an answer; first says that it is the answer's
// first one.
func (c *rawClient) read(t *testing.T, first bool) []byte {
	t.Helper()
	if first {
		c.Sequence = 1
	}
	payload, err := c.ReadPacket()
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// ok sends a command and wants an OK, or with another number that error.
func (c *rawClient) want(t *testing.T, number uint16, p []byte) []byte {
	t.Helper()
	c.send(t, p)
	answer := c.read(t, true)
	got := uint16(0)
	if answer[0] == 0xff {
		got = binary.LittleEndian.Uint16(answer[1:])
	}
	if got != number {
		t.Fatalf("command %q: got %q, want error %d", p[4:], answer, number)
	}
	return answer
}

func (c *rawClient) query(t *testing.T, sql string) { t.Helper(); c.want(t, 0, packet(0x03, sql)) }

// prepare returns the statement's id; the definitions are read away.
func (c *rawClient) prepare(t *testing.T, sql string) uint32 {
	t.Helper()
	answer := c.want(t, 0, packet(0x16, sql))
	definitions := binary.LittleEndian.Uint16(answer[5:]) + binary.LittleEndian.Uint16(answer[7:])
	for range definitions {
		c.read(t, false)
	}
	return binary.LittleEndian.Uint32(answer[1:])
}

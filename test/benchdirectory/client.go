package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	loginTimeout = 30 * time.Second
	// answerTimeout is longer than a node lets its clients wait for a decision.
	answerTimeout = time.Minute
	// maxAnswer bounds the answers that a client of ours gets: one OK or error.
	maxAnswer = 4 << 10
)

// client is a MySQL client for statements whose answer is one small packet. It is
// for one goroutine.
type client struct {
	socket net.Conn
	reader *bufio.Reader
	answer [maxAnswer]byte
}

// refusal is an error packet. The session goes on behind it.
type refusal struct {
	code uint16
	text string
}

func (r *refusal) Error() string { return fmt.Sprintf("error %d: %s", r.code, r.text) }

// connect logs in.
func connect(ctx context.Context, addr string) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	login, err := mysqlclient.ConnectWithDialer(ctx, "tcp", addr, user, password, database, (&net.Dialer{}).DialContext,
		func(c *mysqlclient.Conn) error {
			c.UnsetCapability(mysql.CLIENT_QUERY_ATTRIBUTES) // a command is its text alone
			c.ReadTimeout, c.WriteTimeout = loginTimeout, loginTimeout
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	socket := login.Conn.Conn
	return &client{socket: socket, reader: bufio.NewReader(socket)}, nil
}

// query is the packet of a statement.
func query(sql string) []byte {
	n := 1 + len(sql)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, wire.ComQuery}, sql...)
}

// selectLibrary is the packet that selects, and if need be assigns, a core object.
func selectLibrary(core string) []byte { return query("select library " + core) }

// do sends a packet and reads the answer. An error packet is a *refusal; after any
// other error the client must be closed.
func (c *client) do(packet []byte) error {
	if err := c.socket.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	if _, err := c.socket.Write(packet); err != nil {
		return err
	}
	header, err := c.reader.Peek(wire.HeaderLen)
	if err != nil {
		return err
	}
	n := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
	if n == 0 || n > maxAnswer {
		return fmt.Errorf("an answer of %d bytes", n)
	}
	if _, err := c.reader.Discard(wire.HeaderLen); err != nil {
		return err
	}
	answer := c.answer[:n]
	if _, err := io.ReadFull(c.reader, answer); err != nil {
		return err
	}
	switch answer[0] {
	case mysql.OK_HEADER:
		return nil
	case mysql.ERR_HEADER:
		return refusalOf(answer)
	default:
		return fmt.Errorf("an answer that begins with %#x", answer[0])
	}
}

func refusalOf(answer []byte) error {
	const (
		code  = 1
		state = code + 2 // "#" and five letters
		text  = state + 6
	)
	if len(answer) < text {
		return fmt.Errorf("an error packet of %d bytes", len(answer))
	}
	return &refusal{code: binary.LittleEndian.Uint16(answer[code:]), text: string(answer[text:])}
}

// close ends the connection without saying good-bye.
func (c *client) close() error { return c.socket.Close() }

// connectAll connects n clients, by turns to those addresses. What it returns must
// be closed, also after an error.
func connectAll(ctx context.Context, addrs []string, n int) ([]*client, error) {
	clients := make([]*client, 0, n)
	for i := range n {
		c, err := connect(ctx, addrs[i%len(addrs)])
		if err != nil {
			return clients, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}

// closeAll closes clients and returns what went wrong first.
func closeAll(clients []*client) (first error) {
	for _, c := range clients {
		if err := c.close(); err != nil && first == nil {
			first = fmt.Errorf("disconnect: %w", err)
		}
	}
	return first
}

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	mysqlclient "github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	loginTimeout = 30 * time.Second // 10,000 clients log in at the same time
	bufferBytes  = 256 << 10        // of one client that reads large results
	comQuit      = 0x01
)

// client is a MySQL client that reads an answer only as far as to find its end.
// It is for one goroutine.
type client struct {
	socket  net.Conn
	tracker wire.Tracker
	buf     []byte      // nil until the first answer
	spare   func() bool // lets the client live when its context ends
}

// connect logs in. When ctx ends the client is cut off.
func connect(ctx context.Context, addr string, dialer *net.Dialer) (*client, error) {
	login, err := logIn(ctx, addr, dialer)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	socket := login.Conn.Conn
	if err := socket.SetDeadline(time.Time{}); err != nil { // go-mysql leaves its own
		return nil, err
	}
	// What closing says is no news: whoever uses the client hears of it.
	return &client{socket: socket, spare: context.AfterFunc(ctx, func() { _ = socket.Close() })}, nil
}

func logIn(ctx context.Context, addr string, dialer *net.Dialer) (*mysqlclient.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	return mysqlclient.ConnectWithDialer(ctx, "tcp", addr, user, password, database, dialer.DialContext, plain)
}

// plain makes go-mysql agree with every target on the same shape of commands and
// answers.
func plain(c *mysqlclient.Conn) error {
	c.UnsetCapability(mysql.CLIENT_DEPRECATE_EOF)
	c.UnsetCapability(mysql.CLIENT_QUERY_ATTRIBUTES)
	c.ReadTimeout, c.WriteTimeout = loginTimeout, loginTimeout
	c.BufferSize = 1 << 10 // 10,000 of them
	return nil
}

// packet is a whole command packet of less than 16 MiB.
func packet(command byte, argument string) []byte {
	n := 1 + len(argument)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, command}, argument...)
}

func query(sql string) []byte { return packet(wire.ComQuery, sql) }

// do sends a COM_QUERY packet and reads the whole answer; an error packet is an
// error.
func (c *client) do(packet []byte) error {
	if c.buf == nil {
		c.buf = make([]byte, bufferBytes)
	}
	if _, err := c.socket.Write(packet); err != nil {
		return err
	}
	c.tracker.Begin(packet[wire.HeaderLen], wire.ClientProtocol41)
	for {
		n, err := c.socket.Read(c.buf)
		if err != nil {
			return err
		}
		_, event, err := c.tracker.Feed(c.buf[:n])
		switch {
		case err != nil:
			return err
		case event != wire.EventDone:
			continue
		case c.tracker.ErrCode() != 0:
			return fmt.Errorf("%s: %w", packet[wire.HeaderLen+1:], refusal(c.buf[:n]))
		}
		return nil
	}
}

// refusal is what an error packet at the end of b says; answers that are not one
// small packet say the number only.
func refusal(b []byte) error {
	const fixed = wire.HeaderLen + 3
	if len(b) < fixed || b[wire.HeaderLen] != mysql.ERR_HEADER {
		return fmt.Errorf("an error in the middle of an answer")
	}
	return fmt.Errorf("error %d: %s", binary.LittleEndian.Uint16(b[wire.HeaderLen+1:]), b[fixed:])
}

// quit says good-bye and closes.
func (c *client) quit() error {
	c.spare()
	_, err := c.socket.Write(packet(comQuit, ""))
	if closeErr := c.socket.Close(); err == nil {
		err = closeErr
	}
	return err
}

package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/mysqlda/mysqlda/proxy/wire"
)

// account is what we log in with. The password must not be logged or shown.
type account struct {
	user, password string
}

// dial opens a connection to a server and logs in. ctx bounds all of it. Errors
// name the server: *RefusedError, *CapabilityError, or what the network said.
func dial(ctx context.Context, server string, as account, profile Profile) (*link, error) {
	// Keepalives find a peer whose machine is gone in about a minute, although the
	// connection is idle. Go sets TCP_NODELAY by itself.
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	raw, err := dialer.DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", server, err)
	}
	// The login knows nothing of ctx: when ctx ends, its reads and writes do.
	stop := context.AfterFunc(ctx, func() { interrupt(raw) })
	l, err := login(ctx, raw, server, as, profile)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		closeQuietly(raw)
		return nil, loginError(ctx, server, err)
	}
	return l, nil
}

// loginError gives a failed login the reason that the caller understands best.
func loginError(ctx context.Context, server string, err error) error {
	var named *RefusedError
	var missing *CapabilityError
	if errors.As(err, &named) || errors.As(err, &missing) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("server %s: no answer to the login: %w", server, ctx.Err())
	}
	return fmt.Errorf("server %s: login: %w", server, err)
}

// login does the client's side of the handshake on a fresh connection.
func login(ctx context.Context, raw net.Conn, server string, as account, profile Profile) (l *link, err error) {
	// go-mysql reads the fields of packets without looking at their bounds.
	defer func() {
		if r := recover(); r != nil {
			l, err = nil, fmt.Errorf("the server broke the protocol: %v", r)
		}
	}()
	g, err := readGreeting(raw, server)
	if err != nil {
		return nil, err
	}
	if missing := profile.Capabilities &^ (g.capabilities | mayLack); missing != 0 {
		return nil, &CapabilityError{Server: server, Version: g.version, Missing: missing}
	}
	shaken := &handshakeConn{Conn: raw, greeting: g.packet, collation: profile.Collation}
	ours := func(context.Context, string, string) (net.Conn, error) { return shaken, nil }
	c, err := client.ConnectWithDialer(ctx, "tcp", server, as.user, as.password, profile.Database, ours,
		func(c *client.Conn) error { return ask(c, profile.Capabilities) })
	if err != nil {
		return nil, refusal(server, err)
	}
	restore, err := afterLogin(c, profile)
	if err != nil {
		return nil, refusal(server, err)
	}
	l, err = newLink(raw, server, profile)
	if err != nil {
		return nil, err
	}
	l.threadID, l.restore, l.agreed = c.GetConnectionID(), restore, profile.Capabilities&g.capabilities
	return l, nil
}

// loginBuffer is the size of go-mysql's buffer during the login, in bytes.
const loginBuffer = 2 << 10

// ask makes go-mysql ask for exactly the given capabilities among those that
// shape packets. By default it asks for two that the caller may not want.
func ask(c *client.Conn, capabilities wire.Capability) error {
	c.BufferSize = loginBuffer
	c.SetAttributes(map[string]string{"program_name": "mysqlda"})
	c.UnsetCapability(mysql.CLIENT_QUERY_ATTRIBUTES)
	if !capabilities.Has(wire.ClientDeprecateEOF) {
		c.UnsetCapability(mysql.CLIENT_DEPRECATE_EOF)
	}
	for flags := capabilities &^ wire.ClientDeprecateEOF; flags != 0; flags &= flags - 1 {
		flag := flags & -flags
		if err := c.SetCapability(uint32(flag)); err != nil {
			return fmt.Errorf("capability %s: %w", flag, err)
		}
	}
	return nil
}

// refusal turns go-mysql's form of an error packet into ours.
func refusal(server string, err error) error {
	var packet *mysql.MyError
	if errors.As(err, &packet) {
		return &RefusedError{Server: server, Code: packet.Code, State: packet.State, Message: packet.Message}
	}
	return err
}

// closeQuietly closes a connection that is of no use any more. What closing
// says of it changes nothing.
func closeQuietly(c net.Conn) { _ = c.Close() }

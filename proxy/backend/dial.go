package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// account is what we log in with, and how the connection is protected. The
// password must not be logged or shown.
type account struct {
	user, password string
	tls            fsm.TLSMode
	// locked is why the password is not known, "" if it is.
	locked string
}

// target is a server that connections are opened to.
type target struct {
	server  string              // its address
	tls     *tls.Config         // the node's own certificates; nil: none
	greeted func(wire.Greeting) // called with every greeting; nil: nobody listens
}

// dial opens a connection to the server and logs in. ctx bounds all of it. Errors
// name the server: *RefusedError, *CapabilityError, or what the network said.
func (t *target) dial(ctx context.Context, as account, profile Profile) (*link, error) {
	// Keepalives find a peer whose machine is gone in about a minute, although the
	// connection is idle. Go sets TCP_NODELAY by itself.
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	raw, err := dialer.DialContext(ctx, "tcp", t.server)
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", t.server, err)
	}
	// The login knows nothing of ctx: when ctx ends, its reads and writes do.
	stop := context.AfterFunc(ctx, func() { interrupt(raw) })
	l, err := t.login(raw, as, profile)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		closeQuietly(raw)
		return nil, t.loginError(ctx, err)
	}
	return l, nil
}

// loginError gives a failed login the reason that the caller understands best.
func (t *target) loginError(ctx context.Context, err error) error {
	var lacks *CapabilityError
	var locked *LockedError
	var refused *wire.ServerError
	switch {
	case errors.As(err, &lacks), errors.As(err, &locked):
		return err
	case errors.As(err, &refused):
		return refusal(t.server, refused)
	case ctx.Err() != nil:
		return fmt.Errorf("server %s: no answer to the login: %w", t.server, ctx.Err())
	default:
		return fmt.Errorf("server %s: login: %w", t.server, err)
	}
}

// login does the client's side of the handshake on a fresh connection, and asks
// what the connection is like.
func (t *target) login(raw net.Conn, as account, profile Profile) (*link, error) {
	secure, err := t.tlsConfig(as.tls)
	if err != nil {
		return nil, err
	}
	peer, err := wire.Connect(raw, wire.ConnectConfig{
		User: as.user, Password: as.password,
		Database:     profile.Database,
		Capabilities: profile.Capabilities,
		Collation:    profile.Collation,
		TLS:          secure,
		Greeted: func(g wire.Greeting) error {
			if err := t.suits(g, profile); err != nil {
				return err
			}
			if as.locked != "" {
				return &LockedError{t.server, as.user, as.locked}
			}
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	l, err := newLink(raw, t.server, profile, peer)
	if err != nil {
		return nil, err
	}
	l.user = as.user
	if l.restore, err = l.afterLogin(); err != nil {
		return nil, err
	}
	return l, nil
}

// suits passes a greeting on, and fails when the server cannot give connections
// of that profile.
func (t *target) suits(g wire.Greeting, profile Profile) error {
	if t.greeted != nil {
		t.greeted(g)
	}
	if missing := profile.Capabilities &^ (g.Capabilities | mayLack); missing != 0 {
		return &CapabilityError{Server: t.server, Version: g.Version, Missing: missing}
	}
	return nil
}

// closeQuietly closes a connection that is of no use any more. What closing
// says of it changes nothing.
func closeQuietly(c net.Conn) { _ = c.Close() }

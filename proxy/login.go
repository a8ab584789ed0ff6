package proxy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// acceptConfig says how the client is greeted and checked.
func (s *session) acceptConfig() wire.AcceptConfig {
	offer := s.server.offer.Load()
	return wire.AcceptConfig{
		ServerVersion: offer.version,
		ConnectionID:  s.id,
		Capabilities:  offer.capabilities,
		Collation:     offer.collation,
		Timeout:       s.server.cfg.HandshakeTimeout,
		TLS:           s.server.cfg.TLS,
		RequireTLS:    s.server.cfg.RequireTLS,
		PasswordKey:   &s.server.passwordKey,
		Lookup:        s.server.passwords,
	}
}

// login logs the client in.
func (s *session) login() error {
	if err := s.readProxyHeader(); err != nil {
		return err
	}
	client, err := wire.Accept(s.socket, s.acceptConfig())
	if denied := (*wire.AuthError)(nil); errors.As(err, &denied) {
		s.conn = denied.Conn
		return s.deny(denied)
	}
	if refused := (*wire.RefusedError)(nil); errors.As(err, &refused) {
		s.server.metrics.errors.WithLabelValues(fmt.Sprint(refused.Code)).Inc()
	}
	if err != nil {
		return err
	}
	if client.Conn != s.socket {
		s.layer(client.Conn)
	}
	if err := s.become(client); err != nil {
		return errors.Join(err, s.writeErr(err))
	}
	if err := s.write(wire.AppendOK(nil, s.sequence, s.caps, wire.OK{Status: s.status})); err != nil {
		return err
	}
	if client.Compression.Algorithm != wire.Uncompressed {
		s.layer(wire.Compress(wakefulConn{s.conn, s.woken}, client.Compression))
	}
	return nil
}

// wakefulConn reads on after an idle session was woken up. Whoever reads frames
// through it may be in the middle of one, where an error is the end.
type wakefulConn struct {
	net.Conn
	woken func() error // see session.woken
}

func (c wakefulConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := c.woken(); err != nil {
			return 0, err
		}
	}
}

// layer makes everything pass through TLS or compression from now on.
func (s *session) layer(conn net.Conn) {
	s.conn = conn
	s.in.layer(conn)
}

// deny tells the client that it could not prove who it is.
func (s *session) deny(denied *wire.AuthError) error {
	s.sequence = denied.Sequence
	host, _, err := net.SplitHostPort(s.info.Client)
	return errors.Join(denied, err, s.writeErr(kindAccessDenied.with(denied.User, host)))
}

// become makes the session that of a client who has proved who it is.
func (s *session) become(client *wire.Client) error {
	s.sequence = client.Sequence
	u, refusal := s.admission(client.User)
	if refusal != nil {
		return refusal
	}
	if refusal := s.server.countUser(s, u.Name, int(u.MaxSessions)); refusal != nil {
		return refusal
	}
	s.expelledAt.Store(0)
	s.user, s.agreed, s.caps, s.collation = client.User, client.Agreed, client.Capabilities, client.Collation
	s.state.syntax = stmt.Syntax(0).With(stmt.CharsetOfCollation(uint16(client.Collation)))
	s.state.database = client.Database
	if s.state.database == "" {
		s.state.database = s.server.cfg.Directory.Settings().Database
	}
	if err := s.startAt(client.Attributes[coreAttribute]); err != nil {
		return err
	}
	// Whoever changes the user now sees the session; who did before is seen here.
	if _, refusal := s.admission(client.User); refusal != nil {
		return refusal
	}
	return s.checkDatabase(client.Database)
}

// The errors of servers by which they refuse a default database.
const (
	codeDatabaseDenied  = 1044
	codeUnknownDatabase = 1049
)

// checkDatabase refuses a client that has named a database which the library does
// not have, or does not let it use, as a server does. Where the session is in no
// library yet, and where no server can be asked, that is told later.
func (s *session) checkDatabase(name string) error {
	if s.library == 0 || name == "" || name == s.server.cfg.Directory.Settings().Database {
		return nil
	}
	var refusal *clientError
	err := s.attach(command{}, atLibrary, s.reads)
	s.endTurn()
	if errors.As(err, &refusal) && (refusal.code == codeDatabaseDenied || refusal.code == codeUnknownDatabase) {
		return refusal
	}
	return nil
}

// startAt decides where the session starts: at the core object that the client
// named when it connected, or at its user's default one.
func (s *session) startAt(core string) error {
	if core == "" {
		_, core = s.defaults()
	}
	s.start = fsm.Placement{}
	if core != "" {
		ctx, cancel := context.WithTimeout(s.server.ctx, s.server.cfg.HandshakeTimeout)
		defer cancel()
		placement, err := s.server.cfg.Directory.Resolve(ctx, core)
		if err != nil {
			return directoryError(err, "", "", core)
		}
		s.start = placement
	}
	return s.restart()
}

// restart puts the session where it was after the login: in the library of its
// first core object, or in its user's default library, or nowhere.
func (s *session) restart() error {
	library := s.start.Library
	if name, _ := s.defaults(); library == 0 && name != "" {
		if l := s.server.cfg.Directory.Libraries().ByName(name); l != nil {
			library = l.ID
		}
	}
	refusal := s.server.countLibrary(s, library)
	s.core, s.library = s.start.Core, library
	if refusal != nil {
		// It must not stay where it was either.
		s.core, s.library = "", 0
		refusal = cmp.Or(s.server.countLibrary(s, 0), refusal)
	}
	s.publish()
	if refusal != nil {
		return refusal
	}
	return nil
}

// changeUser handles COM_CHANGE_USER: the session begins anew as that of another
// client. A failure ends it, as it does with servers.
func (s *session) changeUser(cmd command) error {
	if !cmd.whole {
		return s.refuse(cmd, kindMalformed.with())
	}
	payload := bytes.Clone(cmd.payload())
	if err := s.drop(cmd); err != nil {
		return err
	}
	s.forget()
	timeout := time.AfterFunc(s.server.cfg.HandshakeTimeout, s.cut)
	defer timeout.Stop()
	client, err := wire.ChangeUser(clientPackets{s}, payload, s.sequence, s.acceptConfig(), s.agreed)
	if denied := (*wire.AuthError)(nil); errors.As(err, &denied) {
		return s.deny(denied)
	}
	if err != nil {
		return err
	}
	timeout.Stop() // what is waited for from here on is not the client
	if err := s.become(client); err != nil {
		return errors.Join(err, s.writeErr(err))
	}
	return s.write(wire.AppendOK(nil, s.sequence, s.caps, wire.OK{Status: s.status}))
}

// forget puts everything back that a new session does not have.
func (s *session) forget() {
	s.statements.reset()
	s.state.reset(s.collation)
	s.detach()
	s.att.untold, s.insertID, s.insertUnsure = nil, 0, false
	s.status, s.reads = wire.StatusAutocommit, aim{where: atActive}
}

// clientPackets is the client's connection for whoever reads single packets in
// the middle of a command.
type clientPackets struct{ s *session }

func (c clientPackets) Read(b []byte) (int, error) {
	have, err := c.s.in.fill(1)
	if err != nil {
		return 0, err
	}
	n := copy(b, have)
	c.s.in.consume(n)
	return n, nil
}

func (c clientPackets) Write(b []byte) (int, error) { return c.s.conn.Write(b) }

package proxy

import (
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"
)

// Resume goes on with the clients that another Server has handed over, with the same
// connection ids; how many sessions there were before they were handed over, and of whom,
// is not held against the limits. It returns how many sessions go on. The descriptors are
// this Server's from then on. The Server must be ready; where it is not, and for sessions
// that it does not understand, the clients are told that the node stops.
func (server *Server) Resume(moved []Moved) (sessions int) {
	for _, m := range moved {
		resumed, err := server.resume(m)
		if err != nil {
			server.log.Warn("a session cannot go on here", zap.Error(err))
		}
		if resumed {
			sessions++
		}
	}
	return sessions
}

func (server *Server) resume(m Moved) (session bool, err error) {
	if !server.ready.Load() || server.cfg.Directory.NodeNumber() == 0 {
		return false, m.refuse()
	}
	conn, err := m.open()
	if err != nil {
		return false, err
	}
	if m.Session == nil {
		server.admit(conn)
		return false, nil
	}
	if err := server.goOn(conn, m.Session); err != nil {
		server.turnAway(conn, kindShutdown.with())
		return false, err
	}
	return true, nil
}

func (server *Server) goOn(conn net.Conn, image []byte) error {
	s := newSession(server, 0, conn)
	if err := s.restore(image); err != nil {
		return err
	}
	server.mu.Lock()
	if server.draining() {
		server.mu.Unlock()
		return ErrNotServing
	}
	if _, taken := server.sessions[s.id]; taken || nodeOf(s.id) != server.cfg.Directory.NodeNumber() {
		server.mu.Unlock()
		return fmt.Errorf("its connection id, %d, is not one of this node's that is free", s.id)
	}
	server.sessions[s.id] = s
	library := s.library
	if server.cfg.MaxSessionsPerLibrary == 0 {
		library = 0 // not counted then
	}
	server.count(s, s.user, library)
	server.running.Add(1)
	server.mu.Unlock()
	if u, known := server.user(s.user); !known || u.Locked { // changed meanwhile
		s.expelledAt.Store(time.Now().UnixNano())
	}

	go func() {
		defer server.running.Done()
		defer server.remove(s)
		defer s.end()
		s.loggedIn.Store(true)
		s.publish()
		s.attend()
	}()
	return nil
}

package proxy

import (
	"errors"
	"fmt"
	"net"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// admit starts a session for the client or tells it why there is none.
func (server *Server) admit(conn net.Conn) {
	number := server.cfg.Directory.NodeNumber()
	server.mu.Lock()
	var refusal *clientError
	switch stage := server.stage.Load(); {
	case stage == stageMoving:
		server.mu.Unlock()
		server.passOn(conn)
		return
	case stage == stageStopping:
		refusal = kindShutdown.with()
	case !server.ready.Load(), number == 0:
		refusal = kindNotReady.with()
	case len(server.sessions) >= server.cfg.MaxSessions:
		refusal = kindTooManySessions.with(server.cfg.MaxSessions)
	}
	if refusal != nil {
		server.mu.Unlock()
		server.turnAway(conn, refusal)
		return
	}
	s := newSession(server, server.nextID(number), conn)
	server.sessions[s.id] = s
	server.running.Add(1)
	server.mu.Unlock()
	server.metrics.opened.Inc()

	go func() {
		defer server.running.Done()
		defer server.remove(s)
		s.run()
	}()
}

// Connection ids are 32 bits wide on the wire. The highest bit is clear: some
// clients read the id as a signed number and would ask to kill a negative one. The
// next bit keeps ids apart from the thread ids of servers, so that a KILL with one
// of those finds nobody rather than a stranger. The node's number follows, which
// makes ids unique in the cluster and tells where to forward a KILL to. The rest
// counts.
const (
	idMark      = 1 << 30
	idNodeShift = 20
	idCountMask = 1<<idNodeShift - 1
)

// nodeOf returns the number of the node that gave a connection id, 0 for none.
func nodeOf(id uint32) uint16 {
	if id&^(idMark-1) != idMark {
		return 0
	}
	return uint16(id &^ idMark >> idNodeShift)
}

// nextID returns a connection id that no session has. server.mu must be held;
// there are more ids than sessions.
func (server *Server) nextID(number uint16) uint32 {
	for {
		server.lastID++
		id := idMark | uint32(number)<<idNodeShift | server.lastID&idCountMask
		if _, taken := server.sessions[id]; !taken {
			return id
		}
	}
}

// turnAway sends an ERR instead of the greeting. It does not wait: the ERR fits into the
// socket's buffer, unless that is full of what the client has not read before a handover.
func (server *Server) turnAway(conn net.Conn, refusal *clientError) {
	server.metrics.errors.WithLabelValues(fmt.Sprint(refusal.code)).Inc()
	err := writeAtOnce(conn, wire.AppendErr(nil, 0, refusal.code, refusal.state, refusal.text))
	if err := errors.Join(err, conn.Close()); err != nil {
		server.log.Debug("turning a client away", zap.Error(err))
	}
}

func (server *Server) remove(s *session) {
	server.mu.Lock()
	defer server.mu.Unlock()
	delete(server.sessions, s.id)
	server.count(s, "", 0)
}

// countUser counts the session as one of that user's, and as no other's any
// more, unless the user has too many: more than its own limit or the node's, where
// they are not 0.
func (server *Server) countUser(s *session, user string, own int) *clientError {
	server.mu.Lock()
	defer server.mu.Unlock()
	limit := server.cfg.MaxSessionsPerUser
	if own > 0 && (limit == 0 || own < limit) {
		limit = own
	}
	if limit > 0 && s.counted.user != user && server.perUser[user] >= limit {
		return kindTooManyOfUser.with(user, limit)
	}
	server.count(s, user, s.counted.library)
	return nil
}

// countLibrary is countUser for the library that the session is in, 0 for none.
func (server *Server) countLibrary(s *session, library fsm.LibraryID) *clientError {
	limit := server.cfg.MaxSessionsPerLibrary
	if limit == 0 {
		return nil
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if library != 0 && s.counted.library != library && server.perLibrary[library] >= limit {
		return kindTooManyInLibrary.with(nameOf(server.cfg.Directory.Libraries(), library), limit)
	}
	server.count(s, s.counted.user, library)
	return nil
}

// counted is as whose a session was counted; "" and 0 for nobody's.
type counted struct {
	user    string
	library fsm.LibraryID
}

func (server *Server) count(s *session, user string, library fsm.LibraryID) {
	tally(server.perUser, s.counted.user, user)
	tally(server.perLibrary, s.counted.library, library)
	s.counted = counted{user, library}
}

// tally moves one from a key to another. Keys with nothing are not kept, and the
// zero key is nobody's.
func tally[K comparable](counts map[K]int, from, to K) {
	var nobody K
	if from == to {
		return
	}
	if from != nobody {
		if counts[from]--; counts[from] == 0 {
			delete(counts, from)
		}
	}
	if to != nobody {
		counts[to]++
	}
}

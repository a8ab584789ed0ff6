package transport

import (
	"container/list"
	"net"
)

// pendingSet holds the connections that have not said yet who they are, oldest
// first, at most MaxPending. Its user locks.
type pendingSet struct {
	order list.List
	where map[net.Conn]*list.Element
}

// add remembers conn and returns the oldest one if it has to make room.
// Strangers that open connections and stay silent can thus not keep a node out
// that speaks at once.
func (s *pendingSet) add(conn net.Conn) (oldest net.Conn) {
	if s.where == nil {
		s.where = make(map[net.Conn]*list.Element)
	}
	if s.order.Len() >= MaxPending {
		oldest = s.order.Front().Value.(net.Conn)
		s.remove(oldest)
	}
	s.where[conn] = s.order.PushBack(conn)
	return oldest
}

func (s *pendingSet) remove(conn net.Conn) {
	if e, ok := s.where[conn]; ok {
		s.order.Remove(e)
		delete(s.where, conn)
	}
}

func (s *pendingSet) closeAll() {
	for conn := range s.where {
		conn.Close() //nolint:errcheck // nobody is left to tell
	}
}

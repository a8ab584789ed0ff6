package wire

import "iter"

// maxTracked bounds what is kept of an answer about changes of the session, in
// bytes.
const maxTracked = 4 << 10

// SessionChangeKind says what of a session has changed.
type SessionChangeKind uint8

// What servers tell about sessions. The numbers are the protocol's.
const (
	// SessionVariable: the system variable Name is Value now.
	SessionVariable SessionChangeKind = iota
	// SessionSchema: the default database is Value now; it may be empty.
	SessionSchema
	// SessionState: something has changed; Value is "1".
	SessionState
	// SessionGTIDs: Value names transactions that were committed.
	SessionGTIDs
	// SessionTransactionCharacteristics: Value is the statements that would begin
	// a transaction like the one of the session.
	SessionTransactionCharacteristics
	// SessionTransactionState: Value is a letter or '_' for each of several facts
	// about the transaction of the session.
	SessionTransactionState
)

// SessionChange is one thing that has changed. Name is set for SessionVariable
// only.
type SessionChange struct {
	Kind        SessionChangeKind
	Name, Value string
}

// SessionChanges is what the OK packets of an answer said about changes of the
// session.
type SessionChanges struct {
	raw []byte

	// Truncated says that there was more: beyond 4 KiB, or not understood.
	Truncated bool
}

// Any reports whether the answer said anything about changes.
func (c SessionChanges) Any() bool { return len(c.raw) > 0 || c.Truncated }

// All yields the changes in the server's order; of two of the same thing the
// last counts. Kinds that are not known here are left out.
func (c SessionChanges) All() iter.Seq[SessionChange] {
	return func(yield func(SessionChange) bool) {
		r := reader{b: c.raw}
		for len(r.b) > 0 {
			kind, data := SessionChangeKind(r.uint8()), reader{b: r.lenencBytes()}
			if r.bad {
				return
			}
			for len(data.b) > 0 {
				change, ok := data.sessionChange(kind)
				if ok && !yield(change) {
					return
				}
			}
		}
	}
}

// sessionChange takes one change off the data of an entry. ok is false for a kind
// that is not known, all of whose data is dropped, and for data that is bad.
func (r *reader) sessionChange(kind SessionChangeKind) (c SessionChange, ok bool) {
	c.Kind = kind
	switch kind {
	case SessionVariable:
		c.Name = string(r.lenencBytes())
	case SessionGTIDs:
		r.skip(1) // how they are encoded: as text
	case SessionState: // the only one whose value has no length of its own
		c.Value = string(r.b)
		r.b = nil
		return c, true
	case SessionSchema, SessionTransactionCharacteristics, SessionTransactionState:
	default:
		r.b = nil
		return c, false
	}
	c.Value = string(r.lenencBytes())
	if r.bad {
		r.b = nil
	}
	return c, !r.bad
}

// appendSessionChanges appends changes as an OK packet carries them.
func appendSessionChanges(dst []byte, changes []SessionChange) []byte {
	for _, c := range changes {
		var data []byte
		switch c.Kind {
		case SessionVariable:
			data = appendLenencString(appendLenencString(nil, c.Name), c.Value)
		case SessionGTIDs:
			data = appendLenencString([]byte{0}, c.Value) // as text
		case SessionState:
			data = []byte(c.Value)
		default:
			data = appendLenencString(nil, c.Value)
		}
		if len(dst)+1+9+len(data) > maxTracked {
			break
		}
		dst = append(dst, byte(c.Kind))
		dst = appendLenencString(dst, string(data))
	}
	return dst
}

// sessionTrack collects what the OK packets of an answer say about the session.
type sessionTrack struct {
	raw       []byte // whole entries, and behind them what has come of the packet in hand
	entries   int    // bytes of whole entries
	inHand    bool   // the packet in hand tells about the session
	truncated bool
}

// look sees a part of the payload of an OK packet as it passes. What counts begins
// behind the head, whose end may be in any part.
func (s *sessionTrack) look(f *frame, part []byte) {
	if s.inHand {
		s.keep(part)
		return
	}
	before := f.length - int64(len(part))
	if before >= maxPrefix {
		return // the head was seen and says that nothing has changed
	}
	h, ok := parseOKHead(f.prefix[:f.prefixLen])
	if !ok || h.status&StatusSessionChanged == 0 || before >= int64(h.size) {
		return
	}
	s.inHand = true
	tail := part[int64(h.size)-before:]
	if s.raw == nil {
		s.raw = make([]byte, 0, min(maxTracked, len(tail)+f.left))
	}
	s.keep(tail)
}

func (s *sessionTrack) keep(b []byte) {
	room := maxTracked - len(s.raw)
	if len(b) > room {
		b = b[:room]
		s.truncated = true
	}
	s.raw = append(s.raw, b...)
}

// packetEnded keeps the entries of the packet that was in hand, and drops the text
// in front of them.
func (s *sessionTrack) packetEnded() {
	if !s.inHand {
		return
	}
	s.inHand = false
	r := reader{b: s.raw[s.entries:]}
	if len(r.b) == 0 {
		return
	}
	r.lenencBytes() // text for people
	size := r.lenenc()
	if r.bad || size != uint64(len(r.b)) {
		s.truncated = true
	}
	whole := wholeEntries(r.b)
	s.truncated = s.truncated || whole < len(r.b)
	s.raw = append(s.raw[:s.entries], r.b[:whole]...)
	s.entries = len(s.raw)
}

// wholeEntries returns how many bytes of b are entries that can be read.
func wholeEntries(b []byte) int {
	r := reader{b: b}
	whole := 0
	for len(r.b) > 0 {
		kind, data := SessionChangeKind(r.uint8()), reader{b: r.lenencBytes()}
		for len(data.b) > 0 && !data.bad {
			data.sessionChange(kind)
		}
		if r.bad || data.bad {
			break
		}
		whole = len(b) - len(r.b)
	}
	return whole
}

// changes returns what was collected.
func (s *sessionTrack) changes() SessionChanges {
	return SessionChanges{raw: s.raw[:s.entries:s.entries], Truncated: s.truncated}
}

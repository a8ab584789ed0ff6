package wire

import (
	"errors"
	"fmt"
)

// Event is what Tracker.Feed met.
type Event uint8

const (
	// EventNeedMore says that all bytes belong to the answer and it goes on.
	EventNeedMore Event = iota
	// EventDone says that the answer is complete.
	EventDone
	// EventLocalInfile says that the server asks for a file of the client. What
	// the client sends, up to its empty packet, is relayed; after
	// ResumeLocalInfile the answer goes on.
	EventLocalInfile
)

// Errors that make a stream no answer.
var (
	errUnsolicited = errors.New("server sent bytes that answer no command")
	errMalformed   = errors.New("server sent a malformed packet")
)

// Tracker finds the end of every answer in the byte stream of a server, in
// whatever fragments it comes, and keeps what a relay must know of the answer.
// It keeps no more of the stream than the first bytes of a packet and what the
// server says about changes of the session, and allocates for those changes and
// for errors only.
//
// The zero value is ready for Begin. A Tracker is not safe for use by several
// goroutines.
type Tracker struct {
	answer  answer
	frame   frame
	session sessionTrack
	err     error
}

// Begin says that a command was sent to the server and its answer follows. caps
// are what client and server have agreed on: several of them change the shape of
// answers. What an earlier answer left behind is forgotten, but for Status. It
// must not be called for a command that HasResponse denies, nor for
// COM_CHANGE_USER, which begins another login.
//
// A command that is not known here is taken to be answered by one OK, EOF or
// ERR packet.
func (t *Tracker) Begin(command byte, caps Capability) {
	*t = Tracker{
		answer: answer{
			state:   firstState(command),
			command: command,
			caps:    caps,
			status:  t.answer.status,
		},
		frame: frame{seq: 1, anySeq: true},
	}
}

// ResumeLocalInfile says that all data for EventLocalInfile has been sent to the
// server; sequence is the number behind that of its last packet. At any other
// time it does nothing.
func (t *Tracker) ResumeLocalInfile(sequence uint8) {
	if t.answer.state == stateLocalInfile {
		t.answer.state = stateFirst
		t.frame.seq, t.frame.anySeq = sequence, true
	}
}

// Feed consumes bytes of the server in order. n is how many of them belong to
// the answer up to the event; with EventNeedMore it is always len(b). Bytes
// after EventDone are none of the answer's.
//
// An error says that the stream is no valid answer: the connection is of no
// more use, and every further call fails the same way until Begin. n is then where
// the last valid packet ended, 0 for none in b, and NextSequence, MidPacket, AtResult
// and Started tell about the bytes up to there.
func (t *Tracker) Feed(b []byte) (n int, ev Event, err error) {
	if t.err != nil {
		return 0, EventNeedMore, t.err
	}
	valid := t.frame.position()
	for n < len(b) {
		if t.answer.waiting() {
			return n, EventNeedMore, t.fail(errUnsolicited)
		}
		if t.answer.state == stateRows {
			if skipped := t.frame.skipRows(b[n:]); skipped > 0 {
				n += skipped
				valid = t.frame.position()
				valid.at = n
			}
		}
		used, whole, err := t.frame.feed(b[n:])
		n += used
		if t.frame.part > 0 {
			t.look(b[n-t.frame.part : n])
		}
		if err == nil && whole {
			err = t.packet()
		}
		if err != nil {
			t.frame.goBack(valid)
			return valid.at, EventNeedMore, t.fail(err)
		}
		if whole {
			valid = t.frame.position()
			valid.at = n
		}
		switch t.answer.state {
		case stateIdle:
			return n, EventDone, nil
		case stateLocalInfile:
			return n, EventLocalInfile, nil
		default:
		}
	}
	return n, EventNeedMore, nil
}

// look sees a part of a packet's payload as it passes.
func (t *Tracker) look(part []byte) {
	switch {
	case t.answer.digests(t.frame.prefix[0]):
		t.answer.digest.write(part)
	case t.answer.caps.Has(ClientSessionTrack) && t.answer.mayBeOK(t.frame.prefix[0], &t.frame):
		t.session.look(&t.frame, part)
	}
}

// packet acts on a packet that has come as a whole.
func (t *Tracker) packet() error {
	t.session.packetEnded()
	return t.answer.packet(t.frame.prefix[:t.frame.prefixLen], t.frame.length)
}

func (t *Tracker) fail(err error) error {
	t.err = fmt.Errorf("answer to command 0x%02x: %w", t.answer.command, err)
	return t.err
}

// Status returns the status flags (Status*) of the last OK or EOF packet, of
// this answer or, until one has come, of an earlier one.
func (t *Tracker) Status() uint16 { return t.answer.status }

// ErrCode returns the code of the ERR packet that ended the answer, or 0.
func (t *Tracker) ErrCode() uint16 { return t.answer.errCode }

// Prepared returns what the answer to a COM_STMT_PREPARE says. ok is false when
// there was no such answer or it was an ERR.
func (t *Tracker) Prepared() (id uint32, columns, params uint16, ok bool) {
	p := &t.answer.prepared
	return p.id, p.columns, p.params, p.ok
}

// Definitions returns a digest of everything that the answer to a
// COM_STMT_PREPARE says about the statement but its id: the definitions of its
// parameters and columns. Two statements with the same digest look the same to a
// client. It is 0 when there was no such answer, or it is not complete.
func (t *Tracker) Definitions() uint64 {
	if !t.answer.prepared.ok || t.answer.state != stateIdle {
		return 0
	}
	return t.answer.digest.sum()
}

// Warnings returns how many warnings the last OK or EOF packet of the answer
// counted.
func (t *Tracker) Warnings() uint16 { return t.answer.warnings }

// AffectedRows returns the rows that the last statement of the answer changed,
// as its OK packet says; 0 when it was a result set or an error.
func (t *Tracker) AffectedRows() uint64 { return t.answer.affectedRows }

// LastInsertID returns the last insert id other than 0 that an OK packet of the
// answer named: what LAST_INSERT_ID() is in the session from now on. It is 0 when
// there was none.
func (t *Tracker) LastInsertID() uint64 { return t.answer.lastInsertID }

// SessionChanges returns what the OK packets of the answer said about changes of
// the session, until Begin or ForgetSessionChanges. Without ClientSessionTrack there
// is never anything.
func (t *Tracker) SessionChanges() SessionChanges { return t.session.changes() }

// ForgetSessionChanges gives back the memory behind SessionChanges, which a session
// that waits for its next command need not hold.
func (t *Tracker) ForgetSessionChanges() { t.session = sessionTrack{} }

// NextSequence returns the sequence number of the packet that would come next,
// or that we would add now ourselves; 1 before the answer has started. It means
// nothing in the middle of a packet.
func (t *Tracker) NextSequence() uint8 { return t.frame.seq }

// MidPacket reports whether the bytes fed so far end within a packet, or between
// the pieces of a packet of more than MaxPacketPayload bytes.
func (t *Tracker) MidPacket() bool { return t.frame.headLen > 0 || t.frame.inPacket }

// AtResult reports whether the next packet begins a result: what a server has
// done of the statement behind it is not known yet.
func (t *Tracker) AtResult() bool { return t.answer.state == stateFirst }

// Started reports whether any byte of the answer has come.
func (t *Tracker) Started() bool { return t.frame.started }

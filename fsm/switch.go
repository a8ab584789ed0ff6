package fsm

import (
	"cmp"
	"fmt"
)

// MaxReasonLen is the largest number of bytes in the reason of a switch or of a
// server's exclusion.
const MaxReasonLen = 512

// Switch is a change of a library's active server that is under way. All nodes
// hold it, so a new leader goes on with it where the last one was.
type Switch struct {
	Phase  SwitchPhase
	From   string // address of the server that was active
	To     string // address of its successor; "" while the choice is open
	Cause  SwitchCause
	Reason string // for people
	// Forced says that an operator does not want to wait for transactions, nodes
	// that do not answer, or the fencing of a server.
	Forced bool
	Began  uint64 // index of the command that began it
}

// SwitchPhase is how far a switch has come. Phases follow each other in this order;
// a switch may begin with either of the first two.
type SwitchPhase uint8

const (
	// SwitchDraining: the old server is still the active one. Sessions finish
	// their transactions there; whatever else they want waits.
	SwitchDraining SwitchPhase = iota + 1
	// SwitchRetired: nobody may use the old server any more. There is no active one.
	SwitchRetired
	// SwitchReleased: nobody does, since every node has let go of it or has lost
	// its lease.
	SwitchReleased
	// SwitchFenced: it was fenced, or nobody can reach it.
	SwitchFenced
	// SwitchChosen: its successor is decided and is being made ready.
	SwitchChosen
	// SwitchActive: the successor is the active server. A switch in this phase is
	// over and forgotten.
	SwitchActive
)

// switchPhases are the words for the phases.
var switchPhases = [...]string{"", "draining", "retired", "released", "fenced", "chosen", "active"}

// String returns the phase's word.
func (p SwitchPhase) String() string {
	if int(p) >= len(switchPhases) {
		return fmt.Sprintf("SwitchPhase(%d)", uint8(p))
	}
	return switchPhases[p]
}

// SwitchCause is why an active server is changed.
type SwitchCause uint8

const (
	CauseOperator SwitchCause = iota + 1 // an operator asked for it
	CauseFailed                          // the active server cannot be used
	CauseFollowed                        // another server takes writes
	CauseFailback                        // an earlier server of the list is back
)

// switchCauses are the words for the causes.
var switchCauses = [...]string{"", "operator", "failed", "followed", "failback"}

// String returns the cause's word.
func (c SwitchCause) String() string {
	if int(c) >= len(switchCauses) {
		return fmt.Sprintf("SwitchCause(%d)", uint8(c))
	}
	return switchCauses[c]
}

func (c SwitchCause) known() bool { return c >= CauseOperator && int(c) < len(switchCauses) }

// BeginSwitch is the command that begins to change an active server. It is
// refused, with ErrStaleSwitch, when the library's epoch is another one or a
// switch is under way, and with ErrBadChange when To is none of its servers, the
// active one, or in maintenance, or when there is no cause. That To is excluded is
// for the proposer to judge: an operator may choose it all the same.
type BeginSwitch struct {
	Library LibraryID
	Epoch   uint64 // the library's ActiveEpoch
	Drain   bool   // begin with SwitchDraining; otherwise with SwitchRetired
	To      string // the successor that is wanted; "" leaves the choice open
	Cause   SwitchCause
	Reason  string // at most MaxReasonLen bytes
	Forced  bool
}

// AdvanceSwitch is the command that takes a switch from one phase to the next, or,
// where At and Next are the same, changes To or Reason or makes it forced. It is refused,
// with ErrStaleSwitch, unless the library's epoch and the phase are as named, and
// with ErrBadChange when the phases do not follow each other, when SwitchChosen is
// to begin without a successor, or when To cannot be one, as for BeginSwitch. Once
// it was retired the old server may be its own successor.
type AdvanceSwitch struct {
	Library  LibraryID
	Epoch    uint64
	At, Next SwitchPhase
	// To is the successor from now on; "" leaves it as it is. With Next SwitchActive
	// it is the one that was made ready: the command is refused, with ErrStaleSwitch,
	// if another one has been chosen meanwhile.
	To     string
	Forced bool // true makes it forced
	// Fence is what became of the old server. It counts on the way into
	// SwitchFenced only; NoteServer says it later.
	Fence Fence
	// Reason, unless "", is what is told of the switch from now on, such as what it
	// waits for; at most MaxReasonLen bytes.
	Reason string
}

// CancelSwitch is the command that gives up a switch that is draining: the old
// server stays the active one. It is refused with ErrStaleSwitch otherwise.
type CancelSwitch struct {
	Library LibraryID
	Epoch   uint64
}

// NoteServer is the command that notes what became of a server that is not the
// active one; both Fence and Excluded replace what was noted before. It is refused,
// with ErrStaleSwitch, when the epoch is another one, or when the server is active by
// now or not the library's any more.
type NoteServer struct {
	Library  LibraryID
	Epoch    uint64
	Server   string
	Fence    Fence
	Excluded string // at most MaxReasonLen bytes; "" for a server that may become active
}

// ClipReason shortens a reason to MaxReasonLen bytes of valid UTF-8 and makes it one
// line. Whoever proposes a command with a reason clips it first.
func ClipReason(reason string) string { return clipLine(reason, MaxReasonLen) }

func (s *state) beginSwitch(index uint64, c BeginSwitch) error {
	return s.changeLibrary(c.Library, func(l *Library) error {
		switch {
		case l.ActiveEpoch != c.Epoch:
			return staleEpoch(l, c.Epoch)
		case l.Switch != nil:
			return fmt.Errorf("%w: a change of the active server of library %s is under way", ErrStaleSwitch, l.Name)
		case !c.Cause.known():
			return fmt.Errorf("%w: a switch of library %s has no cause", ErrBadChange, l.Name)
		}
		if err := l.checkSuccessor(c.To); err != nil {
			return err
		}
		if err := checkReason(c.Reason); err != nil {
			return err
		}
		l.Switch = &Switch{
			Phase: SwitchDraining, From: l.Active, To: c.To,
			Cause: c.Cause, Reason: c.Reason, Forced: c.Forced, Began: index,
		}
		if !c.Drain {
			l.retire()
		}
		return nil
	})
}

// retire takes the active server away. l.Switch is the library's own.
func (l *Library) retire() {
	l.Switch.Phase = SwitchRetired
	l.Active = ""
	l.ActiveEpoch++
}

// activate makes a server the active one. What was noted of it does not hold any
// more.
func (l *Library) activate(address string) {
	l.Active = address
	l.ActiveEpoch++
	l.changeServer(address, func(s *Server) { *s = Server{Address: address} })
}

// checkSuccessor reports whether a server can come after the active one; "" leaves
// the choice open.
func (l *Library) checkSuccessor(to string) error {
	if to == "" {
		return nil
	}
	server, ok := l.Server(to)
	switch {
	case !ok:
		return fmt.Errorf("%w: library %s has no server %s", ErrBadChange, l.Name, to)
	case to == l.Active:
		return fmt.Errorf("%w: server %s is the active one of library %s already", ErrBadChange, to, l.Name)
	case server.Maintenance:
		return fmt.Errorf("%w: server %s of library %s is in maintenance; `mysqlda library maintenance %s %s off` ends that", ErrBadChange, to, l.Name, l.Name, to)
	}
	return nil
}

func (s *state) advanceSwitch(c AdvanceSwitch) error {
	return s.changeLibrary(c.Library, func(l *Library) error {
		switch {
		case l.ActiveEpoch != c.Epoch:
			return staleEpoch(l, c.Epoch)
		case l.Switch == nil || l.Switch.Phase != c.At:
			return fmt.Errorf("%w: the switch of library %s is not %s any more", ErrStaleSwitch, l.Name, c.At)
		case c.Next != c.At && c.Next != c.At+1:
			return fmt.Errorf("%w: %s does not follow %s in a switch", ErrBadChange, c.Next, c.At)
		case c.Next == SwitchActive && c.To != "" && c.To != l.Switch.To:
			return fmt.Errorf("%w: the switch of library %s is to server %s, not to %s", ErrStaleSwitch, l.Name, l.Switch.To, c.To)
		}
		if err := c.Fence.check(); err != nil {
			return err
		}
		if err := l.checkSuccessor(c.To); err != nil {
			return err
		}
		if err := checkReason(c.Reason); err != nil {
			return err
		}
		next := *l.Switch
		next.To = cmp.Or(c.To, next.To)
		next.Reason = cmp.Or(c.Reason, next.Reason)
		next.Forced = next.Forced || c.Forced
		if c.Next >= SwitchChosen && next.To == "" {
			return fmt.Errorf("%w: the switch of library %s has no successor", ErrBadChange, l.Name)
		}
		l.Switch = &next
		if c.Next != c.At {
			l.enter(c.Next, c.Fence)
		}
		return nil
	})
}

// enter takes the library's own copy of its switch into the next phase.
func (l *Library) enter(next SwitchPhase, fence Fence) {
	l.Switch.Phase = next
	switch next {
	case SwitchRetired:
		l.retire()
	case SwitchFenced:
		l.changeServer(l.Switch.From, func(s *Server) { s.Fence = fence })
	case SwitchActive:
		l.activate(l.Switch.To)
		l.Switch = nil
	}
}

func (s *state) cancelSwitch(c CancelSwitch) error {
	return s.changeLibrary(c.Library, func(l *Library) error {
		if l.ActiveEpoch != c.Epoch {
			return staleEpoch(l, c.Epoch)
		}
		if l.Switch == nil || l.Switch.Phase != SwitchDraining {
			return fmt.Errorf("%w: no switch of library %s is draining", ErrStaleSwitch, l.Name)
		}
		l.Switch = nil
		return nil
	})
}

func (s *state) noteServer(c NoteServer) error {
	return s.changeLibrary(c.Library, func(l *Library) error {
		switch _, ok := l.Server(c.Server); {
		case l.ActiveEpoch != c.Epoch:
			return staleEpoch(l, c.Epoch)
		case !ok || c.Server == l.Active:
			return fmt.Errorf("%w: server %s is not one of library %s beside the active one", ErrStaleSwitch, c.Server, l.Name)
		}
		if err := c.Fence.check(); err != nil {
			return err
		}
		if err := checkReason(c.Excluded); err != nil {
			return err
		}
		l.changeServer(c.Server, func(s *Server) { s.Fence, s.Excluded = c.Fence, c.Excluded })
		return nil
	})
}

func staleEpoch(l *Library, epoch uint64) error {
	return fmt.Errorf("%w: library %s is at epoch %d, not %d", ErrStaleSwitch, l.Name, l.ActiveEpoch, epoch)
}

func checkReason(reason string) error {
	if len(reason) > MaxReasonLen {
		return fmt.Errorf("%w: a reason has %d bytes, at most %d are allowed", ErrBadChange, len(reason), MaxReasonLen)
	}
	return nil
}

// changeLibrary changes one library in a copy of the list and publishes it, or
// returns why it did not. The ring is the same afterwards, but for its version; all
// that comes of that is that a core object which no library took is tried again.
func (s *state) changeLibrary(id LibraryID, change func(*Library) error) error {
	current := s.libraries.Load()
	known := current.ByID(id)
	if known == nil {
		return fmt.Errorf("%w: there is no library number %d", ErrBadChange, id)
	}
	changed := *known
	if err := change(&changed); err != nil {
		return err
	}
	s.publish(current.Version()+1, draft{list: current.with(changed), next: s.nextLibrary})
	return nil
}

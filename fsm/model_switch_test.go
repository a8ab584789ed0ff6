package fsm

import (
	"errors"
	"slices"

	"pgregory.net/rapid"
)

// modelServers are the servers that libraries of the model get.
var modelServers = []string{"h:1", "h:2", "h:3", "10.0.0.1:3306"}

func drawServer(t *rapid.T, label string) string {
	return rapid.SampledFrom(modelServers).Draw(t, label)
}

// notePossible keeps account of since when the library may fail over.
func (m *model) notePossible(l *Library) {
	if l.Failover.Policy == FailoverOff || len(l.Servers) == 1 {
		l.MayFailOverSince, l.Guarded = 0, false
	} else if l.MayFailOverSince == 0 {
		l.MayFailOverSince = m.next
	}
}

// server returns a copy of the library's servers and where one of them is in it.
func (m *model) server(l *Library, address string) (list []Server, i int) {
	return slices.Clone(l.Servers), addressed(l.Servers, address)
}

func (m *model) setServers(l *Library, c SetServers) bool {
	if l.Switch != nil {
		return false
	}
	list := slices.Clone(c.Servers)
	for i, s := range list {
		if at := addressed(l.Servers, s.Address); at >= 0 {
			list[i] = l.Servers[at]
		}
	}
	switch {
	case c.replaceActive && list[0].Address != l.Active:
		list[0] = Server{Address: list[0].Address}
		l.Active = list[0].Address
		l.ActiveEpoch++
	case addressed(list, l.Active) < 0:
		return false
	}
	l.Servers = list
	m.notePossible(l)
	return true
}

func (m *model) setMaintenance(l *Library, c SetMaintenance) bool {
	list, i := m.server(l, c.Server)
	if i < 0 || c.Maintenance && (c.Server == l.Active || l.Switch != nil && l.Switch.To == c.Server) {
		return false
	}
	list[i].Maintenance = c.Maintenance
	l.Servers = list
	return true
}

// switching carries out one of the commands by which active servers change, or
// returns the error that refuses it.
func (m *model) switching(c encoder) error {
	var id LibraryID
	var epoch uint64
	switch c := c.(type) {
	case BeginSwitch:
		id, epoch = c.Library, c.Epoch
	case AdvanceSwitch:
		id, epoch = c.Library, c.Epoch
	case CancelSwitch:
		id, epoch = c.Library, c.Epoch
	case NoteServer:
		id, epoch = c.Library, c.Epoch
	case GuardLibrary:
		return m.guard(c)
	}
	if id == 0 || int(id) > len(m.libraries) {
		return ErrBadChange
	}
	l := m.libraries[id-1]
	if l.ActiveEpoch != epoch {
		return ErrStaleSwitch
	}
	err := errors.New("not a command of a switch")
	switch c := c.(type) {
	case BeginSwitch:
		err = m.begin(&l, c)
	case AdvanceSwitch:
		err = m.advance(&l, c)
	case CancelSwitch:
		if err = ErrStaleSwitch; l.Active != "" && l.Switch != nil {
			l.Switch, err = nil, nil
		}
	case NoteServer:
		err = ErrStaleSwitch
		if list, i := m.server(&l, c.Server); i >= 0 && c.Server != l.Active {
			list[i].Fence, list[i].Excluded = c.Fence, c.Excluded
			l.Servers, err = list, nil
		}
	}
	if err == nil {
		m.libraries = slices.Clone(m.libraries)
		m.libraries[id-1] = l
	}
	return err
}

func (m *model) guard(c GuardLibrary) error {
	if c.Library == 0 || int(c.Library) > len(m.libraries) {
		return ErrBadChange
	}
	m.libraries = slices.Clone(m.libraries)
	l := &m.libraries[c.Library-1]
	if c.Since == 0 || l.MayFailOverSince != c.Since {
		return ErrStaleSwitch
	}
	l.Guarded = true
	return nil
}

// maySucceed tells whether a switch can be to that server.
func (m *model) maySucceed(l *Library, to string) bool {
	if to == "" {
		return true
	}
	list, i := m.server(l, to)
	return i >= 0 && to != l.Active && !list[i].Maintenance
}

func (m *model) begin(l *Library, c BeginSwitch) error {
	if l.Switch != nil {
		return ErrStaleSwitch
	}
	if !m.maySucceed(l, c.To) || c.Cause == 0 {
		return ErrBadChange
	}
	l.Switch = &Switch{Phase: SwitchDraining, From: l.Active, To: c.To, Cause: c.Cause, Reason: c.Reason, Forced: c.Forced, Began: m.next}
	if !c.Drain {
		l.Switch.Phase, l.Active, l.ActiveEpoch = SwitchRetired, "", l.ActiveEpoch+1
	}
	return nil
}

func (m *model) advance(l *Library, c AdvanceSwitch) error {
	if l.Switch == nil || l.Switch.Phase != c.At {
		return ErrStaleSwitch
	}
	if c.Next < c.At || c.Next > c.At+1 {
		return ErrBadChange
	}
	s := *l.Switch
	if c.Next == SwitchActive && c.To != "" && c.To != s.To {
		return ErrStaleSwitch
	}
	if !m.maySucceed(l, c.To) {
		return ErrBadChange
	}
	if c.To != "" {
		s.To = c.To
	}
	if c.Reason != "" {
		s.Reason = c.Reason
	}
	s.Forced = s.Forced || c.Forced
	if s.To == "" && c.Next >= SwitchChosen {
		return ErrBadChange
	}
	if l.Switch = &s; c.Next == c.At {
		return nil
	}
	s.Phase = c.Next
	switch c.Next {
	case SwitchRetired:
		l.Active, l.ActiveEpoch = "", l.ActiveEpoch+1
	case SwitchFenced:
		list, i := m.server(l, s.From)
		list[i].Fence = c.Fence
		l.Servers = list
	case SwitchActive:
		list, i := m.server(l, s.To)
		list[i] = Server{Address: s.To}
		l.Servers, l.Active, l.ActiveEpoch, l.Switch = list, s.To, l.ActiveEpoch+1, nil
	}
	return nil
}

// drawSwitching draws one of the commands by which active servers change: most fit
// the state, some do not.
func (m *model) drawSwitching(t *rapid.T) encoder {
	id := LibraryID(rapid.IntRange(0, len(m.libraries)+1).Draw(t, "id"))
	var l Library
	if id > 0 && int(id) <= len(m.libraries) {
		l = m.libraries[id-1]
	}
	return drawSwitchingOf(t, id, l)
}

// drawSwitchingOf draws a command from whoever saw the library as it is in l.
func drawSwitchingOf(t *rapid.T, id LibraryID, l Library) encoder {
	odd := func(label string) bool { return rapid.IntRange(0, 9).Draw(t, label) == 0 }
	to := ""
	if rapid.Bool().Draw(t, "names a successor") {
		to = drawServer(t, "to")
	}
	epoch := l.ActiveEpoch
	if odd("another epoch") {
		epoch = rapid.Uint64Range(0, 5).Draw(t, "epoch")
	}
	forced := rapid.Bool().Draw(t, "forced")
	reason := rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "reason")
	fence := rapid.SampledFrom([]Fence{FenceNone, FenceDue, FenceDone}).Draw(t, "fence")
	switch kind := rapid.IntRange(1, 8).Draw(t, "kind"); {
	case kind == 1:
		return CancelSwitch{Library: id, Epoch: epoch}
	case kind == 2:
		return NoteServer{Library: id, Epoch: epoch, Server: drawServer(t, "server"), Fence: fence, Excluded: reason}
	case kind == 3:
		since := l.MayFailOverSince
		if odd("another entry") {
			since = rapid.Uint64Range(0, 9).Draw(t, "since")
		}
		return GuardLibrary{Library: id, Since: since}
	case kind == 4 || l.Switch == nil && !odd("advances what is not there"):
		cause := SwitchCause(rapid.IntRange(1, 4).Draw(t, "cause"))
		if odd("no cause") {
			cause = 0
		}
		return BeginSwitch{Library: id, Epoch: epoch, Drain: rapid.Bool().Draw(t, "drain"), To: to, Cause: cause, Reason: reason, Forced: forced}
	}
	c := AdvanceSwitch{Library: id, Epoch: epoch, To: to, Forced: forced, Fence: fence, Reason: reason}
	if l.Switch != nil {
		c.At = l.Switch.Phase
	}
	if odd("another phase") {
		c.At = SwitchPhase(rapid.IntRange(0, 7).Draw(t, "at"))
	}
	c.Next = c.At + SwitchPhase(rapid.SampledFrom([]int{1, 1, 1, 1, 0, 2}).Draw(t, "steps"))
	return c
}

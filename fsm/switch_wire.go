package fsm

import "github.com/mysqlda/mysqlda/fsm/fsmpb"

// Encode gives the log entry of the command.
func (c BeginSwitch) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_BeginSwitch{BeginSwitch: &fsmpb.BeginSwitch{
		Library: uint32(c.Library), Epoch: c.Epoch, Drain: c.Drain, To: c.To,
		Cause: fsmpb.SwitchCause(c.Cause), Reason: c.Reason, Forced: c.Forced,
	}}})
}

func beginSwitchFromLog(p *fsmpb.BeginSwitch) BeginSwitch {
	return BeginSwitch{
		Library: LibraryID(p.GetLibrary()), Epoch: p.GetEpoch(), Drain: p.GetDrain(), To: p.GetTo(),
		Cause: small[SwitchCause](p.GetCause()), Reason: p.GetReason(), Forced: p.GetForced(),
	}
}

// Encode gives the log entry of the command.
func (c AdvanceSwitch) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_AdvanceSwitch{AdvanceSwitch: &fsmpb.AdvanceSwitch{
		Library: uint32(c.Library), Epoch: c.Epoch, At: fsmpb.SwitchPhase(c.At), Next: fsmpb.SwitchPhase(c.Next),
		To: c.To, Forced: c.Forced, Fence: fsmpb.Fence(c.Fence), Reason: c.Reason,
	}}})
}

func advanceSwitchFromLog(p *fsmpb.AdvanceSwitch) AdvanceSwitch {
	return AdvanceSwitch{
		Library: LibraryID(p.GetLibrary()), Epoch: p.GetEpoch(), At: small[SwitchPhase](p.GetAt()), Next: small[SwitchPhase](p.GetNext()),
		To: p.GetTo(), Forced: p.GetForced(), Fence: small[Fence](p.GetFence()), Reason: p.GetReason(),
	}
}

// Encode gives the log entry of the command.
func (c CancelSwitch) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_CancelSwitch{CancelSwitch: &fsmpb.CancelSwitch{
		Library: uint32(c.Library), Epoch: c.Epoch,
	}}})
}

func cancelSwitchFromLog(p *fsmpb.CancelSwitch) CancelSwitch {
	return CancelSwitch{Library: LibraryID(p.GetLibrary()), Epoch: p.GetEpoch()}
}

// Encode gives the log entry of the command.
func (c NoteServer) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_NoteServer{NoteServer: &fsmpb.NoteServer{
		Library: uint32(c.Library), Epoch: c.Epoch, Server: c.Server, Fence: fsmpb.Fence(c.Fence), Excluded: c.Excluded,
	}}})
}

func noteServerFromLog(p *fsmpb.NoteServer) NoteServer {
	return NoteServer{
		Library: LibraryID(p.GetLibrary()), Epoch: p.GetEpoch(), Server: p.GetServer(),
		Fence: small[Fence](p.GetFence()), Excluded: p.GetExcluded(),
	}
}

// Encode gives the log entry of the command.
func (c GuardLibrary) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_GuardLibrary{GuardLibrary: &fsmpb.GuardLibrary{
		Library: uint32(c.Library), Since: c.Since,
	}}})
}

func guardLibraryFromLog(p *fsmpb.GuardLibrary) GuardLibrary {
	return GuardLibrary{Library: LibraryID(p.GetLibrary()), Since: p.GetSince()}
}

func switchProto(s *Switch) *fsmpb.Switch {
	if s == nil {
		return nil
	}
	return &fsmpb.Switch{
		Phase: fsmpb.SwitchPhase(s.Phase), From: s.From, To: s.To,
		Cause: fsmpb.SwitchCause(s.Cause), Reason: s.Reason, Forced: s.Forced, Began: s.Began,
	}
}

// switchFromProto returns nil for nil.
func switchFromProto(p *fsmpb.Switch) *Switch {
	if p == nil {
		return nil
	}
	return &Switch{
		Phase: small[SwitchPhase](p.GetPhase()), From: p.GetFrom(), To: p.GetTo(),
		Cause: small[SwitchCause](p.GetCause()), Reason: p.GetReason(), Forced: p.GetForced(), Began: p.GetBegan(),
	}
}

func failoverProto(f Failover) *fsmpb.Failover {
	if f == (Failover{}) {
		return nil
	}
	return &fsmpb.Failover{Policy: fsmpb.FailoverPolicy(f.Policy), Failback: f.Failback}
}

func failoverFromProto(p *fsmpb.Failover) Failover {
	return Failover{Policy: small[FailoverPolicy](p.GetPolicy()), Failback: p.GetFailback()}
}

// small gives the largest value, which stands for nothing known, for a number
// that does not fit.
func small[T ~uint8, N ~int32](n N) T {
	if n < 0 || n > 255 {
		return T(255)
	}
	return T(n)
}

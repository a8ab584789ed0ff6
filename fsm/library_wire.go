package fsm

import (
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func serversProto(servers []Server) []*fsmpb.Server {
	out := make([]*fsmpb.Server, len(servers))
	for i, s := range servers {
		out[i] = &fsmpb.Server{Address: s.Address}
	}
	return out
}

func serversFromProto(servers []*fsmpb.Server) []Server {
	out := make([]Server, len(servers))
	for i, s := range servers {
		out[i] = Server{Address: s.GetAddress()}
	}
	return out
}

// snapshotServersProto is serversProto with what only snapshots keep.
func snapshotServersProto(servers []Server) []*fsmpb.Server {
	out := serversProto(servers)
	for i, s := range servers {
		out[i].Maintenance, out[i].Fence, out[i].Excluded = s.Maintenance, fsmpb.Fence(s.Fence), s.Excluded
	}
	return out
}

func snapshotServersFromProto(servers []*fsmpb.Server) []Server {
	out := serversFromProto(servers)
	for i, s := range servers {
		out[i].Maintenance, out[i].Fence, out[i].Excluded = s.GetMaintenance(), small[Fence](s.GetFence()), s.GetExcluded()
	}
	return out
}

func libraryProto(l *Library) *fsmpb.Library {
	return &fsmpb.Library{
		Id:          uint32(l.ID),
		Name:        l.Name,
		State:       fsmpb.LibraryState(l.State),
		Weight:      l.Weight,
		Servers:     snapshotServersProto(l.Servers),
		Active:      l.Active,
		ActiveEpoch: l.ActiveEpoch,
		Tls:         fsmpb.TLSMode(l.TLS),
		Failover:    failoverProto(l.Failover),
		Pinned:      l.Pinned,
		Guarded:     l.Guarded,

		MayFailOverSince: l.MayFailOverSince,
		Switch:           switchProto(l.Switch),

		User: l.Account.User, Password: l.Account.Password, FormerUsers: l.FormerUsers,
	}
}

func libraryFromProto(p *fsmpb.Library) Library {
	return Library{
		ID:          LibraryID(p.GetId()),
		Name:        p.GetName(),
		State:       libraryStateFromProto(p.GetState()),
		Weight:      p.GetWeight(),
		Servers:     snapshotServersFromProto(p.GetServers()),
		Active:      p.GetActive(),
		ActiveEpoch: p.GetActiveEpoch(),
		TLS:         tlsModeFromProto(p.GetTls()),
		Failover:    failoverFromProto(p.GetFailover()),
		Pinned:      p.GetPinned(),
		Guarded:     p.GetGuarded(),

		MayFailOverSince: p.GetMayFailOverSince(),
		Switch:           switchFromProto(p.GetSwitch()),

		Account:     Account{User: p.GetUser(), Password: p.GetPassword()},
		FormerUsers: p.GetFormerUsers(),
	}
}

// libraryStateFromProto gives 0, which is no state, for one that is not known.
func libraryStateFromProto(s fsmpb.LibraryState) LibraryState {
	switch s {
	case fsmpb.LibraryState_LIBRARY_STATE_OPEN:
		return LibraryOpen
	case fsmpb.LibraryState_LIBRARY_STATE_CLOSED:
		return LibraryClosed
	case fsmpb.LibraryState_LIBRARY_STATE_DRAINING:
		return LibraryDraining
	default:
		return 0
	}
}

// tlsModeFromProto gives a value that is no mode for one that is not known.
func tlsModeFromProto(m fsmpb.TLSMode) TLSMode {
	if m < 0 || int(m) >= len(tlsModes) {
		return TLSMode(len(tlsModes))
	}
	return TLSMode(m)
}

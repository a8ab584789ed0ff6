package fsm

import (
	"fmt"
	"net"
	"strconv"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Bounds of what one cluster may hold.
const (
	MaxLibraries  = 1024
	MaxServers    = 16        // of one library
	MaxWeight     = 1_000_000 // of one library
	MaxAddressLen = 262       // bytes of a host:port
	MaxChanges    = 4 * MaxLibraries
)

// DefaultWeight is the weight of a library for which the operator names none.
const DefaultWeight = 100

// ChangeLibraries is the command that changes libraries: all of Changes in
// their order, or none. The result's error wraps ErrStaleVersion or
// ErrBadChange.
type ChangeLibraries struct {
	// ExpectVersion is the version of the libraries that the changes were made
	// for; another current version refuses them. Zero fits any version.
	ExpectVersion uint64
	Changes       []LibraryChange // 1 to MaxChanges
}

// LibraryChange is one of AddLibrary, SetWeight, SetState, SetServers, SetTLS,
// SetFailover, SetPinned, SetMaintenance, SetAccount and RemoveLibrary.
type LibraryChange interface {
	check() error
	proto() *fsmpb.LibraryChange
}

// AddLibrary adds an open library. It gets the next id; its first server
// becomes the active one.
type AddLibrary struct {
	Name    string
	Weight  uint32   // at most MaxWeight; see DefaultWeight
	Servers []Server // 1 to MaxServers, in the order in which they are tried; only their addresses count
	TLS     TLSMode

	Failover Failover
}

// SetWeight gives a library another weight.
type SetWeight struct {
	Library string // its name
	Weight  uint32 // at most MaxWeight; 0 gets no new core objects
}

// SetState opens, closes or drains a library.
type SetState struct {
	Library string // its name
	State   LibraryState
}

// SetServers gives a library another ordered list of servers. The active one must
// be among them, and stays active. It is refused while a switch is under way.
type SetServers struct {
	Library string   // its name
	Servers []Server // 1 to MaxServers; only their addresses count

	// replaceActive makes the first one active at once, as commands before version
	// 4 do.
	replaceActive bool
}

// SetTLS has backend connections to a library's servers protected another way.
// It holds for those that are opened from then on.
type SetTLS struct {
	Library string // its name
	TLS     TLSMode
}

// Check reports whether every name, address and bound is allowed. Whoever
// proposes the command checks it (Encode does): Apply itself judges only what
// depends on the state and on lengths, since the rest could differ between the
// releases of Go that nodes were built with. The error wraps ErrBadChange or
// ErrBadName.
func (c ChangeLibraries) Check() error {
	if len(c.Changes) == 0 || len(c.Changes) > MaxChanges {
		return fmt.Errorf("%w: %d changes, 1 to %d are allowed", ErrBadChange, len(c.Changes), MaxChanges)
	}
	return checkChanges(c.Changes)
}

func checkChanges(changes []LibraryChange) error {
	for _, change := range changes {
		if change == nil {
			return fmt.Errorf("%w: a change is empty", ErrBadChange)
		}
		if err := change.check(); err != nil {
			return err
		}
	}
	return nil
}

// Encode checks the changes and gives the log entry of the command.
func (c ChangeLibraries) Encode() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_ChangeLibraries{ChangeLibraries: c.Proto()}})
}

// Proto gives the command's form for the log and for forwarding.
func (c ChangeLibraries) Proto() *fsmpb.ChangeLibraries {
	return &fsmpb.ChangeLibraries{ExpectVersion: c.ExpectVersion, Changes: changesProto(c.Changes)}
}

// ChangeLibrariesFromProto reads a forwarded command and checks it. Whatever release
// has sent it, active servers stay what they are.
func ChangeLibrariesFromProto(p *fsmpb.ChangeLibraries) (ChangeLibraries, error) {
	c := ChangeLibraries{ExpectVersion: p.GetExpectVersion(), Changes: forwardedChanges(p.GetChanges())}
	if err := c.Check(); err != nil {
		return ChangeLibraries{}, err
	}
	return c, nil
}

// libraryChangeFromProto returns nil for a change of an unknown kind.
func libraryChangeFromProto(p *fsmpb.LibraryChange) LibraryChange {
	switch change := p.GetChange().(type) {
	case *fsmpb.LibraryChange_Add:
		return addLibraryFromProto(change.Add)
	case *fsmpb.LibraryChange_Weight:
		return SetWeight{Library: change.Weight.GetLibrary(), Weight: change.Weight.GetWeight()}
	case *fsmpb.LibraryChange_State:
		return SetState{Library: change.State.GetLibrary(), State: libraryStateFromProto(change.State.GetState())}
	case *fsmpb.LibraryChange_Servers:
		return SetServers{
			Library: change.Servers.GetLibrary(), Servers: serversFromProto(change.Servers.GetServers()),
			replaceActive: !change.Servers.GetKeepActive(),
		}
	case *fsmpb.LibraryChange_Tls:
		return SetTLS{Library: change.Tls.GetLibrary(), TLS: tlsModeFromProto(change.Tls.GetTls())}
	case *fsmpb.LibraryChange_Failover:
		return SetFailover{Library: change.Failover.GetLibrary(), Failover: failoverFromProto(change.Failover.GetFailover())}
	case *fsmpb.LibraryChange_Pinned:
		return SetPinned{Library: change.Pinned.GetLibrary(), Pinned: change.Pinned.GetPinned()}
	case *fsmpb.LibraryChange_Maintenance:
		return SetMaintenance{Library: change.Maintenance.GetLibrary(), Server: change.Maintenance.GetServer(), Maintenance: change.Maintenance.GetMaintenance()}
	case *fsmpb.LibraryChange_Account:
		return SetAccount{Library: change.Account.GetLibrary(), Account: Account{User: change.Account.GetUser(), Password: change.Account.GetPassword()}}
	case *fsmpb.LibraryChange_Remove:
		return RemoveLibrary{Library: change.Remove.GetLibrary()}
	default:
		return nil
	}
}

func addLibraryFromProto(p *fsmpb.AddLibrary) AddLibrary {
	return AddLibrary{
		Name:    p.GetName(),
		Weight:  p.GetWeight(),
		Servers: serversFromProto(p.GetServers()),
		TLS:     tlsModeFromProto(p.GetTls()),

		Failover: failoverFromProto(p.GetFailover()),
	}
}

func (c AddLibrary) addProto() *fsmpb.AddLibrary {
	return &fsmpb.AddLibrary{
		Name: c.Name, Weight: c.Weight, Servers: serversProto(c.Servers), Tls: fsmpb.TLSMode(c.TLS),
		Failover: failoverProto(c.Failover),
	}
}

func (c AddLibrary) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Add{Add: c.addProto()}}
}

func (c SetWeight) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Weight{
		Weight: &fsmpb.SetWeight{Library: c.Library, Weight: c.Weight},
	}}
}

func (c SetState) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_State{
		State: &fsmpb.SetState{Library: c.Library, State: fsmpb.LibraryState(c.State)},
	}}
}

func (c SetServers) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Servers{
		Servers: &fsmpb.SetServers{Library: c.Library, Servers: serversProto(c.Servers), KeepActive: !c.replaceActive},
	}}
}

func (c SetFailover) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Failover{
		Failover: &fsmpb.SetFailover{Library: c.Library, Failover: failoverProto(c.Failover)},
	}}
}

func (c SetPinned) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Pinned{
		Pinned: &fsmpb.SetPinned{Library: c.Library, Pinned: c.Pinned},
	}}
}

func (c SetMaintenance) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Maintenance{
		Maintenance: &fsmpb.SetMaintenance{Library: c.Library, Server: c.Server, Maintenance: c.Maintenance},
	}}
}

func (c SetTLS) proto() *fsmpb.LibraryChange {
	return &fsmpb.LibraryChange{Change: &fsmpb.LibraryChange_Tls{
		Tls: &fsmpb.SetTLS{Library: c.Library, Tls: fsmpb.TLSMode(c.TLS)},
	}}
}

func (c AddLibrary) check() error {
	if err := CheckName("library name", c.Name, MaxNameLen); err != nil {
		return err
	}
	if err := checkWeight(c.Name, c.Weight); err != nil {
		return err
	}
	if err := checkTLS(c.Name, c.TLS); err != nil {
		return err
	}
	if err := c.Failover.check(c.Name); err != nil {
		return err
	}
	return checkServers(c.Name, c.Servers)
}

func (c SetWeight) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	return checkWeight(c.Library, c.Weight)
}

func (c SetState) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	return checkState(c.Library, c.State)
}

func (c SetServers) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	return checkServers(c.Library, c.Servers)
}

func (c SetTLS) check() error {
	if err := CheckName("library name", c.Library, MaxNameLen); err != nil {
		return err
	}
	return checkTLS(c.Library, c.TLS)
}

func checkServers(library string, servers []Server) error {
	for _, s := range servers {
		if err := checkAddress(s.Address); err != nil {
			return fmt.Errorf("%w: server %q of library %s: %w", ErrBadChange, s.Address, library, err)
		}
	}
	return checkServerList(library, servers)
}

// checkAddress reports whether s is host:port with a port of 1 to 65535.
func checkAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("not a host:port: %w", err)
	}
	if err := CheckName("host", host, MaxAddressLen); err != nil {
		return err
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	return nil
}

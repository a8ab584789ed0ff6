package fsm

import (
	"fmt"
	"maps"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// MaxServerVersionLen is the largest number of bytes in a server's version.
const MaxServerVersionLen = 128

// RecordGreeting is the command that remembers how a server greets; the last one
// counts. The result's error wraps ErrBadChange, also when no library has the
// server: then nobody asks for its greeting. It leaves the libraries' version
// alone.
type RecordGreeting struct {
	Address string // of a server, host:port
	Greeting
}

// Check reports whether address and version are allowed. The error wraps
// ErrBadChange.
func (c RecordGreeting) Check() error {
	if err := checkAddress(c.Address); err != nil {
		return fmt.Errorf("%w: server %q: %w", ErrBadChange, c.Address, err)
	}
	return c.checkLens()
}

// checkLens is the part of Check that gives the same answer in every build.
func (c RecordGreeting) checkLens() error {
	if c.Address == "" || len(c.Address) > MaxAddressLen {
		return fmt.Errorf("%w: the address of a server has %d bytes, 1 to %d are allowed", ErrBadChange, len(c.Address), MaxAddressLen)
	}
	if len(c.Version) > MaxServerVersionLen {
		return fmt.Errorf("%w: server %s: its version has %d bytes, at most %d are allowed", ErrBadChange, c.Address, len(c.Version), MaxServerVersionLen)
	}
	for i := range len(c.Version) {
		if c.Version[i] < ' ' || c.Version[i] > '~' {
			return fmt.Errorf("%w: server %s: its version contains bytes that are not printable ASCII", ErrBadChange, c.Address)
		}
	}
	return nil
}

// Encode checks the greeting and gives the log entry of the command.
func (c RecordGreeting) Encode() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_RecordGreeting{RecordGreeting: c.Proto()}})
}

// Proto gives the command's form for the log and for forwarding.
func (c RecordGreeting) Proto() *fsmpb.RecordGreeting {
	return &fsmpb.RecordGreeting{Address: c.Address, Greeting: &fsmpb.Greeting{
		Version:      c.Version,
		Capabilities: c.Capabilities,
		Collation:    uint32(c.Collation),
	}}
}

// RecordGreetingFromProto reads a forwarded command and checks it.
func RecordGreetingFromProto(p *fsmpb.RecordGreeting) (RecordGreeting, error) {
	c := recordGreetingFromLog(p)
	if err := c.Check(); err != nil {
		return RecordGreeting{}, err
	}
	return c, nil
}

func recordGreetingFromLog(p *fsmpb.RecordGreeting) RecordGreeting {
	g := p.GetGreeting()
	return RecordGreeting{Address: p.GetAddress(), Greeting: Greeting{
		Version:      g.GetVersion(),
		Capabilities: g.GetCapabilities(),
		Collation:    uint8(g.GetCollation()),
	}}
}

func (s *state) recordGreeting(c RecordGreeting) error {
	if err := c.checkLens(); err != nil {
		return err
	}
	if !s.libraries.Load().HasServer(c.Address) {
		return fmt.Errorf("%w: no library has the server %s", ErrBadChange, c.Address)
	}
	old := *s.greetings.Load()
	if recorded, ok := old[c.Address]; ok && recorded == c.Greeting {
		return nil
	}
	greetings := make(map[string]Greeting, len(old)+1)
	maps.Copy(greetings, old)
	greetings[c.Address] = c.Greeting
	s.greetings.Store(&greetings)
	return nil
}

// dropGreetings forgets servers that no library has any more.
func (s *state) dropGreetings() {
	old := *s.greetings.Load()
	if len(old) == 0 {
		return
	}
	greetings := make(map[string]Greeting, len(old))
	for _, l := range s.libraries.Load().All() {
		for _, server := range l.Servers {
			if g, ok := old[server.Address]; ok {
				greetings[server.Address] = g
			}
		}
	}
	if len(greetings) < len(old) {
		s.greetings.Store(&greetings)
	}
}

// readGreetings reads those of a snapshot, whose libraries have been read.
func (s *state) readGreetings(h *fsmpb.SnapshotHeader) error {
	greetings := make(map[string]Greeting, len(h.GetGreetings()))
	for _, p := range h.GetGreetings() {
		c := recordGreetingFromLog(p)
		if err := c.checkLens(); err != nil {
			return err
		}
		greetings[c.Address] = c.Greeting
	}
	s.greetings.Store(&greetings)
	s.dropGreetings()
	if kept := len(*s.greetings.Load()); kept != len(h.GetGreetings()) {
		return fmt.Errorf("%d greetings, but %d servers of libraries greeted", len(h.GetGreetings()), kept)
	}
	return nil
}

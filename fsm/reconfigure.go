package fsm

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Reconfigure is the command that changes libraries and settings together: all of
// Changes in their order and all that Settings names, or nothing. The result's error
// wraps ErrStaleVersion or ErrBadChange.
type Reconfigure struct {
	// ExpectRevision is the revision that the changes were made for: with another one
	// they are refused. Nil fits any. See Machine.Revision.
	ExpectRevision *uint64
	Changes        []LibraryChange // at most MaxChanges
	Settings       ChangeSettings  // the zero value changes none
}

// Check reports whether every name, value and bound is allowed, and whether there is
// anything to change. The error wraps ErrBadChange or ErrBadName.
func (c Reconfigure) Check() error {
	named := c.Settings != (ChangeSettings{})
	if len(c.Changes) > MaxChanges || len(c.Changes) == 0 && !named {
		return fmt.Errorf("%w: %d changes of libraries and none of settings, 1 to %d are allowed", ErrBadChange, len(c.Changes), MaxChanges)
	}
	if named {
		if err := c.Settings.Check(); err != nil {
			return err
		}
	}
	return checkChanges(c.Changes)
}

// Encode checks the command and gives its log entry.
func (c Reconfigure) Encode() ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return encodeCommand(commandOf(c))
}

func commandOf(c Reconfigure) *fsmpb.Command {
	return &fsmpb.Command{Body: &fsmpb.Command_Reconfigure{Reconfigure: c.Proto()}}
}

// Proto gives the command's form for the log and for forwarding.
func (c Reconfigure) Proto() *fsmpb.Reconfigure {
	p := &fsmpb.Reconfigure{ExpectRevision: c.ExpectRevision, Changes: changesProto(c.Changes)}
	if c.Settings != (ChangeSettings{}) {
		p.Settings = c.Settings.Proto()
	}
	return p
}

// ReconfigureFromProto reads a forwarded command and checks it.
func ReconfigureFromProto(p *fsmpb.Reconfigure) (Reconfigure, error) {
	var c Reconfigure
	if p != nil {
		c.ExpectRevision, c.Changes = p.ExpectRevision, forwardedChanges(p.GetChanges())
		if p.Settings != nil {
			var err error
			if c.Settings, err = ChangeSettingsFromProto(p.Settings); err != nil {
				return Reconfigure{}, err
			}
		}
	}
	if err := c.Check(); err != nil {
		return Reconfigure{}, err
	}
	return c, nil
}

// reconfigure carries out all changes on copies and publishes them, or returns why it
// did not.
func (s *state) reconfigure(index uint64, p *fsmpb.Reconfigure) error {
	settings := s.settings.Load()
	if settings == nil {
		return fmt.Errorf("%w: the cluster is not bootstrapped yet", ErrBadChange)
	}
	if expect, is := p.GetExpectRevision(), s.revision.Load(); p.ExpectRevision != nil && expect != is {
		return fmt.Errorf("%w: the change was made for revision %d of the configuration, and somebody has changed that meanwhile: it is %d; "+
			"look at the difference again, `mysqlda audit` says who it was", ErrStaleVersion, expect, is)
	}
	d, err := s.draftOf(index, p.GetChanges())
	if err != nil {
		return err
	}
	if p.Settings != nil {
		if settings, err = s.settingsAfter(p.Settings); err != nil {
			return err
		}
	}
	if len(p.GetChanges()) > 0 {
		s.publish(s.libraries.Load().Version()+1, d)
	}
	s.settings.Store(settings)
	return nil
}

// Revision is the index of the last command that changed libraries or settings as an
// operator wanted, 0 for none. What the cluster changes by itself, as active servers,
// does not count. Libraries and settings that are read after it are of this revision
// or a later one.
func (m *Machine) Revision() uint64 { return m.state.Load().revision.Load() }

// revise notes an operator's change. Those of earlier releases do not count: a node
// that got their outcome in a snapshot does not know of them. Nodes that go on from a
// snapshot and from a log must have the same revision.
func (s *state) revise(index uint64, c *fsmpb.Command, r Result) {
	if r.Err != nil || c.GetVersion() < 5 {
		return
	}
	switch c.GetBody().(type) {
	case *fsmpb.Command_ChangeLibraries, *fsmpb.Command_ChangeSettings, *fsmpb.Command_Bootstrap, *fsmpb.Command_Reconfigure:
		s.revision.Store(index)
	}
}

package fsm

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// commandVersion is the highest version of a command that this release
// understands. It grows when a command gains a field or a body that an older
// release would ignore.
const commandVersion = 5

// versionOf is the lowest version that understands a command. Those that a cluster
// needs all the time stay readable for nodes of the last release, so that one node
// after the other can be upgraded.
func versionOf(c *fsmpb.Command) uint32 {
	const last = 4
	if c.GetOrigin() != nil {
		return commandVersion
	}
	switch body := c.GetBody().(type) {
	case *fsmpb.Command_Bootstrap:
		if len(body.Bootstrap.GetUsers()) > 0 {
			return commandVersion
		}
		return last
	case *fsmpb.Command_ChangeSettings:
		if p := body.ChangeSettings; p != nil && p.Password != nil {
			return commandVersion
		}
		return last
	case *fsmpb.Command_ChangeLibraries:
		if slices.ContainsFunc(body.ChangeLibraries.GetChanges(), isNew) {
			return commandVersion
		}
		return last
	case *fsmpb.Command_Batch, *fsmpb.Command_Import, *fsmpb.Command_Checkpoint,
		*fsmpb.Command_SetNode, *fsmpb.Command_RemoveNode, *fsmpb.Command_RecordGreeting,
		*fsmpb.Command_BeginSwitch, *fsmpb.Command_AdvanceSwitch, *fsmpb.Command_CancelSwitch,
		*fsmpb.Command_NoteServer, *fsmpb.Command_GuardLibrary, *fsmpb.Command_GrantLeases:
		return last
	default:
		return commandVersion
	}
}

// isNew tells whether the last release does not know that kind of change.
func isNew(c *fsmpb.LibraryChange) bool { return c.GetRemove() != nil || c.GetAccount() != nil }

// NeedsThisRelease tells whether nodes of the last release cannot read a command's
// entry, and would stop.
func NeedsThisRelease(entry []byte) bool {
	c, err := decodeCommand(entry)
	return err == nil && c.GetVersion() == commandVersion
}

// encodeCommand gives the log entry of a command. Encoding is deterministic
// within one release; replicas never depend on it, since they all apply the
// bytes that the proposer made.
func encodeCommand(c *fsmpb.Command) ([]byte, error) {
	c.Version = versionOf(c)
	b, err := proto.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	return b, nil
}

// decodeCommand reads a log entry. Anything that this release does not know is
// an error: a node that skipped it would hold another state than its peers.
func decodeCommand(b []byte) (*fsmpb.Command, error) {
	c := new(fsmpb.Command)
	if err := proto.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("the command is corrupt: %w", err)
	}
	if c.Version == 0 {
		return nil, fmt.Errorf("the command is corrupt: it has no version")
	}
	if c.Version > commandVersion {
		return nil, fmt.Errorf("the command has version %d, this release knows versions up to %d: upgrade this node", c.Version, commandVersion)
	}
	if c.Body == nil {
		return nil, fmt.Errorf("the command is of a kind that this release does not know: upgrade this node")
	}
	if name, found := unknownField(c.ProtoReflect()); found {
		return nil, fmt.Errorf("the command has a field in %s that this release does not know: upgrade this node", name)
	}
	return c, nil
}

// unknownField looks for a field that this release does not know, in m and all
// that is in it, and returns the name of the message that has it.
func unknownField(m protoreflect.Message) (name protoreflect.FullName, found bool) {
	if len(m.GetUnknown()) > 0 {
		return m.Descriptor().FullName(), true
	}
	if batch, ok := m.Interface().(*fsmpb.Batch); ok {
		return unknownItemField(batch)
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil:
		case field.IsList():
			for i := 0; i < value.List().Len() && !found; i++ {
				name, found = unknownField(value.List().Get(i).Message())
			}
		default:
			name, found = unknownField(value.Message())
		}
		return !found
	})
	return name, found
}

// unknownItemField is unknownField for a batch, the one command that is
// frequent and large; ranging over each item's fields would cost more than
// applying it.
func unknownItemField(batch *fsmpb.Batch) (name protoreflect.FullName, found bool) {
	for _, item := range batch.Items {
		if m := item.ProtoReflect(); len(m.GetUnknown()) > 0 {
			return m.Descriptor().FullName(), true
		}
	}
	return "", false
}

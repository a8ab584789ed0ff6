package fsm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// SnapshotInfo is what a snapshot says of itself before its placements and
// bindings.
type SnapshotInfo struct {
	Format     uint32 // version of the file's format
	Index      uint64 // of the last command that is part of it
	Hash       Hash
	Digest     Digest
	Placements uint64 // how many follow
	Bindings   uint64

	Settings  *Settings   // without passwords; nil before bootstrap
	Libraries *LibrarySet // without passwords
	Nodes     []NodeInfo  // in ascending order of their ids
	// Users are those that were put, without their passwords, in ascending order of
	// their names.
	Users []User
	// AccountIsUser is as UserSet.AccountIsUser.
	AccountIsUser bool
}

// SnapshotVisitor is called back by ReadSnapshot. Functions that are nil are not
// called. An error of one ends the reading and is returned.
type SnapshotVisitor struct {
	Header    func(SnapshotInfo) error // once, first
	Placement func(Placement) error    // for each placement
	Binding   func(Binding) error      // for each binding, after the placements
}

// ReadSnapshot reads a snapshot from its beginning to its end, which must be r's
// end, and holds no more than a small part of it in memory. Strings that the
// visitor gets may be kept.
//
// An error says that the snapshot is truncated, corrupt, foreign or of another
// release, or is r's or the visitor's own. Until nil is returned nothing that
// the visitor got can be relied on. Not looked for are core objects with two
// placements, correlated objects with two bindings, and bindings to core objects
// without a placement, for which all names would have to be remembered; a
// damaged file has none of them, only one that was made so.
func ReadSnapshot(r io.Reader, v SnapshotVisitor) error {
	return readSnapshot(r, snapshotParts{
		header: func(s *state, h *fsmpb.SnapshotHeader) error {
			if v.Header == nil {
				return nil
			}
			return v.Header(snapshotInfo(s, h))
		},
		placements: func(list []Placement) error { return each(list, v.Placement) },
		bindings:   func(list []Binding) error { return each(list, v.Binding) },
	})
}

func each[T any](list []T, visit func(T) error) error {
	if visit == nil {
		return nil
	}
	for _, item := range list {
		if err := visit(item); err != nil {
			return err
		}
	}
	return nil
}

func snapshotInfo(s *state, h *fsmpb.SnapshotHeader) SnapshotInfo {
	info := SnapshotInfo{
		Format:     snapshotVersion,
		Index:      h.GetIndex(),
		Hash:       Hash(h.GetHash()),
		Digest:     Digest(h.GetDigest()),
		Placements: h.GetPlacements(),
		Bindings:   h.GetBindings(),
		Libraries:  withoutPasswords(s.libraries.Load()),
		Nodes:      s.nodes.Load().known,
	}
	users := s.users.Load()
	info.AccountIsUser = users.AccountIsUser()
	for _, u := range users.All() {
		u.Passwords = nil
		info.Users = append(info.Users, u)
	}
	if settings := s.settings.Load(); settings != nil {
		shown := *settings
		shown.Password, shown.Failover.Password, shown.Failover.ReplicationPassword = "", "", ""
		info.Settings = &shown
	}
	return info
}

func withoutPasswords(set *LibrarySet) *LibrarySet {
	list := slices.Clone(set.All())
	for i := range list {
		list[i].Account.Password = ""
	}
	return NewLibrarySet(set.Version(), list)
}

// snapshotParts gets what a snapshot holds, a block's records at a time.
type snapshotParts struct {
	// header gets a state that holds what the header does, but no records.
	header     func(*state, *fsmpb.SnapshotHeader) error
	placements func([]Placement) error // gets a list of its own
	bindings   func([]Binding) error
}

// snapshotBuffer is how much of a snapshot is read at once, in bytes.
const snapshotBuffer = 256 << 10

func readSnapshot(r io.Reader, parts snapshotParts) error {
	s := snapshotReader{
		blocks:   newBlockReader(bufio.NewReaderSize(r, snapshotBuffer)),
		parts:    parts,
		digester: newDigester(),
	}
	if err := s.read(); err != nil {
		return fmt.Errorf("read snapshot: block %d at byte %d: %w", s.blocks.number, s.blocks.at, err)
	}
	return nil
}

// snapshotReader checks what can be checked of a snapshot as it passes.
type snapshotReader struct {
	blocks   *blockReader
	parts    snapshotParts
	digester digester

	header    *fsmpb.SnapshotHeader
	libraries *LibrarySet

	// What was read.
	placements, bindings uint64
	digest               Digest
}

func (r *snapshotReader) read() error {
	if err := r.blocks.start(); err != nil {
		return err
	}
	kind, payload, err := r.blocks.block()
	if err != nil {
		return err
	}
	if kind != blockHeader {
		return fmt.Errorf("it is corrupt: it begins with a block of kind %d", kind)
	}
	if err := r.readHeader(payload); err != nil {
		return err
	}
	for last := byte(blockHeader); last != blockEnd; last = kind {
		kind, payload, err = r.blocks.block()
		if err != nil {
			return err
		}
		if kind < last || kind == blockHeader {
			return fmt.Errorf("it is corrupt: a block of kind %d follows one of kind %d", kind, last)
		}
		if err := r.readBlock(kind, payload); err != nil {
			return err
		}
	}
	return r.blocks.end()
}

func (r *snapshotReader) readHeader(payload []byte) (err error) {
	if r.header, err = decodeSnapshotHeader(payload); err != nil {
		return err
	}
	s := newState()
	if err := s.readHeader(r.header); err != nil {
		return err
	}
	r.libraries = s.libraries.Load()
	return r.parts.header(s, r.header)
}

func (r *snapshotReader) readBlock(kind byte, payload []byte) error {
	switch kind {
	case blockPlacements:
		return r.readPlacements(payload)
	case blockBindings:
		return r.readBindings(payload)
	case blockEnd:
		return r.readEnd(payload)
	default:
		return fmt.Errorf("it has a block of kind %d, which this release does not know", kind)
	}
}

func (r *snapshotReader) readPlacements(payload []byte) error {
	const shortest = 1 + 1 + 1 + 1 // a core object of one byte
	list := make([]Placement, 0, len(payload)/shortest)
	for c := (cursor{rest: payload}); len(c.rest) > 0; {
		p := Placement{Core: c.name(MaxCoreLen), Library: LibraryID(c.number(1<<32 - 1)), Epoch: c.number(1<<64 - 1)}
		if c.bad || p.Epoch == 0 {
			return errors.New("it is corrupt: a placement cannot be read")
		}
		if r.libraries.ByID(p.Library) == nil {
			return fmt.Errorf("it is corrupt: %q lives in library %d, which is unknown", p.Core, p.Library)
		}
		r.digest += r.digester.placement(p.Core, p.Library, p.Epoch)
		list = append(list, p)
	}
	r.placements += uint64(len(list))
	return r.parts.placements(list)
}

func (r *snapshotReader) readBindings(payload []byte) error {
	const shortest = 2 + 2 + 2 // three strings of one byte
	list := make([]Binding, 0, len(payload)/shortest)
	for c := (cursor{rest: payload}); len(c.rest) > 0; {
		b := Binding{Class: c.name(MaxClassLen), Object: c.name(MaxObjectLen), Core: c.name(MaxCoreLen)}
		if c.bad {
			return errors.New("it is corrupt: a binding cannot be read")
		}
		r.digest += r.digester.binding(b.Class, b.Object, b.Core)
		list = append(list, b)
	}
	r.bindings += uint64(len(list))
	return r.parts.bindings(list)
}

func (r *snapshotReader) readEnd(payload []byte) error {
	h := r.header
	switch {
	case len(payload) > 0:
		return errors.New("it is corrupt: its end cannot be read")
	case r.placements != h.GetPlacements() || r.bindings != h.GetBindings():
		return fmt.Errorf("it is corrupt: it holds %d placements and %d bindings, not %d and %d",
			r.placements, r.bindings, h.GetPlacements(), h.GetBindings())
	case r.digest != Digest(h.GetDigest()):
		return fmt.Errorf("it is corrupt: its placements and bindings have the digest %s, not %s", r.digest, Digest(h.GetDigest()))
	}
	return nil
}

// cursor reads the records of a block. What it returns shares the block's
// memory. After anything that cannot be read, bad is set and stays so.
type cursor struct {
	rest []byte
	bad  bool
}

// number reads a uvarint of at most max.
func (c *cursor) number(max uint64) uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 || v > max {
		c.bad, c.rest = true, nil
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// name reads a string of 1 to max bytes after its length.
func (c *cursor) name(max uint64) string {
	n := c.number(max)
	if c.bad || n == 0 || n > uint64(len(c.rest)) {
		c.bad, c.rest = true, nil
		return ""
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return stringOf(b)
}

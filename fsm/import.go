package fsm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Bounds of one Import. It is one log entry: small, so that heartbeats and the
// assignments of sessions get through between two of them, and so that the
// entries that Raft keeps in memory do not add up to much.
const (
	MaxImportBytes   = 64 << 10 // of records
	MaxImportRecords = 1 << 13
)

// ErrPlacedElsewhere says that a core object's home is another library than an
// import says. It wins over what is imported.
var ErrPlacedElsewhere = errors.New("core object lives in another library")

// Import is the command that adds placements and bindings which another system
// has remembered. A placement counts whatever state its library is in. Each
// record counts for itself: one that is known already is left alone, one that
// contradicts what is known is refused, and the others are not touched by that.
//
// The zero value holds no records. It is for one goroutine at a time.
type Import struct {
	placements, bindings []byte // in the form of fsmpb.Import
	records              int
}

// AddPlacement adds a record. It must not follow a binding, because records are
// counted with the placements first.
func (i *Import) AddPlacement(core []byte, library LibraryID) {
	i.placements = appendBytes(i.placements, core)
	i.placements = binary.AppendUvarint(i.placements, uint64(library))
	i.records++
}

// AddBinding adds a record.
func (i *Import) AddBinding(class string, object, core []byte) {
	i.bindings = appendString(i.bindings, class)
	i.bindings = appendBytes(i.bindings, object)
	i.bindings = appendBytes(i.bindings, core)
	i.records++
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Records is how many records there are.
func (i *Import) Records() int { return i.records }

// Full reports whether another record, with names of the greatest length, may
// be beyond the bounds.
func (i *Import) Full() bool {
	return i.records >= MaxImportRecords || len(i.placements)+len(i.bindings)+maxSnapshotRecord > MaxImportBytes
}

// Clear removes all records and keeps their memory.
func (i *Import) Clear() {
	i.placements, i.bindings, i.records = i.placements[:0], i.bindings[:0], 0
}

// Proto gives the form for the log and for the way to other nodes. It shares
// the records' memory.
func (i *Import) Proto() *fsmpb.Import {
	return &fsmpb.Import{Placements: i.placements, Bindings: i.bindings}
}

// Encode gives the log entry of the command.
func (i *Import) Encode() ([]byte, error) {
	return encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_Import{Import: i.Proto()}})
}

// ImportFromProto reads what came from elsewhere and checks all of it but
// whether the libraries exist, which Apply does. The error wraps ErrBadName or
// ErrBadChange. It shares the message's memory.
func ImportFromProto(p *fsmpb.Import) (Import, error) {
	i := Import{placements: p.GetPlacements(), bindings: p.GetBindings()}
	if n := len(i.placements) + len(i.bindings); n > MaxImportBytes {
		return Import{}, fmt.Errorf("%w: an import of %d bytes, at most %d are allowed", ErrBadChange, n, MaxImportBytes)
	}
	c := cursor{rest: i.placements}
	for len(c.rest) > 0 {
		core, _ := c.placement()
		if err := i.count(&c, CheckName("core object", core, MaxCoreLen)); err != nil {
			return Import{}, err
		}
	}
	c = cursor{rest: i.bindings}
	for len(c.rest) > 0 {
		b := c.binding()
		err := CheckName("core object", b.Core, MaxCoreLen)
		if err == nil {
			err = checkCorrelated(b.Class, b.Object)
		}
		if err := i.count(&c, err); err != nil {
			return Import{}, err
		}
	}
	return i, nil
}

// count counts a record that was read, unless it is bad.
func (i *Import) count(c *cursor, bad error) error {
	switch {
	case c.bad:
		return fmt.Errorf("%w: record %d of the import cannot be read", ErrBadChange, i.records)
	case bad != nil:
		return fmt.Errorf("record %d of the import: %w", i.records, bad)
	case i.records == MaxImportRecords:
		return fmt.Errorf("%w: an import of more than %d records", ErrBadChange, MaxImportRecords)
	}
	i.records++
	return nil
}

// placement reads a placement's record of an import.
func (c *cursor) placement() (core string, library LibraryID) {
	core = c.name(MaxCoreLen)
	return core, LibraryID(c.number(1<<32 - 1))
}

// binding reads a binding's record.
func (c *cursor) binding() Binding {
	return Binding{Class: c.name(MaxClassLen), Object: c.name(MaxObjectLen), Core: c.name(MaxCoreLen)}
}

// ImportResult is what became of an Import.
type ImportResult struct {
	Added     uint64           // records that were new
	Present   uint64           // records that were known already
	Conflicts []ImportConflict // ascending by record
}

// ImportConflict is a record that was refused.
type ImportConflict struct {
	Record int // counted from 0, the bindings after the placements
	// Err wraps ErrPlacedElsewhere, ErrBound, ErrNoPlacement or ErrBadChange. On
	// the way between nodes the first becomes a text.
	Err error
}

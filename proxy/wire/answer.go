package wire

import (
	"encoding/binary"
	"fmt"
)

// state is what packet of an answer comes next.
type state uint8

const (
	// stateIdle: nothing; the answer is complete, or no command was sent.
	stateIdle state = iota
	// stateFirst: OK, ERR, a request for a file, or how many columns there are.
	stateFirst
	// stateColumns: a column or parameter definition, of which some are left.
	stateColumns
	// stateColumnsEnd: the EOF behind the definitions; without DEPRECATE_EOF only.
	stateColumnsEnd
	// stateRows: a row, or what ends the rows. The definitions of a field list,
	// whose number is not told, are taken the same way.
	stateRows
	// stateLocalInfile: nothing until the client's file has been sent.
	stateLocalInfile
	// statePrepare: PREPARE_OK or ERR.
	statePrepare
	// stateSimple: OK, EOF or ERR.
	stateSimple
	// stateText: one packet of plain text, or ERR.
	stateText
)

// firstState says what an answer begins with.
func firstState(command byte) state {
	switch command {
	case ComQuery, ComStmtExecute, ComStmtBulkExecute, ComProcessInfo:
		return stateFirst
	case ComStmtPrepare:
		return statePrepare
	case ComStmtFetch, ComFieldList:
		return stateRows
	case ComStatistics:
		return stateText
	default:
		return stateSimple
	}
}

// errProgress is the code of the ERR packets that are none: MariaDB's progress
// reports, to clients that want them.
const errProgress = 0xffff

// maxEOF is above the length of every EOF packet, in bytes, and below that of
// every row that begins with the same byte.
const maxEOF = 9

// eofLen is the length of an EOF packet: its mark, warnings, status.
const eofLen = 1 + 2 + 2

// answer is the state machine that walks the logical packets of an answer.
type answer struct {
	state    state
	command  byte
	caps     Capability
	left     uint32 // definitions to come in stateColumns
	columns  uint16 // columns whose definitions follow those of parameters
	bare     bool   // the definitions are left out
	status   uint16
	warnings uint16
	errCode  uint16
	prepared prepared
	digest   digest // of the definitions, of a COM_STMT_PREPARE

	affectedRows, lastInsertID uint64
}

type prepared struct {
	id              uint32
	columns, params uint16
	ok              bool
}

// waiting reports whether the server has nothing to say now.
func (a *answer) waiting() bool { return a.state == stateIdle || a.state == stateLocalInfile }

// packet acts on a whole logical packet of length payload bytes, whose first
// bytes are p.
func (a *answer) packet(p []byte, length int64) error {
	if len(p) == 0 {
		return fmt.Errorf("%w: empty", errMalformed)
	}
	if p[0] == markErr {
		return a.fault(p)
	}
	switch a.state {
	case stateFirst:
		return a.first(p, length)
	case stateColumns:
		return a.definition(p, length)
	case stateColumnsEnd:
		return a.definitionsEnd(p, length)
	case stateRows:
		if !a.endsRows(p, length) {
			return nil
		}
		if err := a.end(p, length); err != nil {
			return err
		}
		a.resultEnded()
		return nil
	case statePrepare:
		return a.prepareOK(p)
	case stateSimple:
		a.state = stateIdle
		if p[0] == markOK {
			return a.ok(p)
		}
		return a.end(p, length)
	case stateText:
		a.state = stateIdle
		return nil
	default:
		return errUnsolicited
	}
}

// maxColumns bounds the columns of a result. Tables have 4096 at most, but a SELECT
// may name as many values as fit into a statement.
const maxColumns = 1<<24 - 1

// first takes the packet that begins a result.
func (a *answer) first(p []byte, length int64) error {
	switch p[0] {
	case markOK:
		if err := a.ok(p); err != nil {
			return err
		}
		a.resultEnded()
		return nil
	case markLocalInfile:
		if !a.caps.Has(ClientLocalFiles) {
			return fmt.Errorf("%w: it asks for a file of a client that gives none", errMalformed)
		}
		a.state = stateLocalInfile
		return nil
	}
	r := reader{b: p}
	count := r.lenenc()
	if a.caps&(ClientOptionalResultsetMetadata|MariadbCacheMetadata) != 0 {
		a.metadata(&r)
	}
	if r.bad || count == 0 || count > maxColumns || length != int64(len(p)-len(r.b)) {
		return fmt.Errorf("%w: it begins no result", errMalformed)
	}
	a.definitions(uint32(count))
	return nil
}

// metadata takes the byte that says whether definitions follow. MySQL and
// MariaDB both put it behind the number of columns; MySQL's documentation, not
// its server, has it in front.
func (a *answer) metadata(r *reader) {
	const none, full = 0, 1
	follow := r.uint8()
	r.bad = r.bad || follow > full
	a.bare = follow == none
}

// resultEnded goes on to the next result of the answer, if there is one.
func (a *answer) resultEnded() {
	a.state = stateIdle
	if a.status&StatusMoreResultsExists != 0 && firstState(a.command) == stateFirst {
		a.state = stateFirst
	}
}

// definitions goes on to as many definitions. The EOF behind them comes also when
// they are left out.
func (a *answer) definitions(count uint32) {
	a.left = count
	a.state = stateColumns
	if a.bare {
		a.definitionsCame()
	}
}

func (a *answer) definition(p []byte, length int64) error {
	if p[0] == markEOF {
		return fmt.Errorf("%w: an end with %d definitions to come", errMalformed, a.left)
	}
	a.digest.end(length)
	a.left--
	if a.left == 0 {
		a.definitionsCame()
	}
	return nil
}

func (a *answer) definitionsCame() {
	if !a.caps.Has(ClientDeprecateEOF) {
		a.state = stateColumnsEnd
		return
	}
	a.definitionsEnded()
}

func (a *answer) definitionsEnd(p []byte, length int64) error {
	if err := a.end(p, length); err != nil {
		return err
	}
	// An execution that opened a cursor ends here: its rows are fetched.
	if a.command == ComStmtExecute && a.status&StatusCursorExists != 0 {
		a.resultEnded()
		return nil
	}
	a.definitionsEnded()
	return nil
}

func (a *answer) definitionsEnded() {
	switch {
	case a.command != ComStmtPrepare:
		a.state = stateRows
	case a.columns > 0:
		columns := a.columns
		a.columns = 0
		a.definitions(uint32(columns))
	default:
		a.state = stateIdle
	}
}

func (a *answer) prepareOK(p []byte) error {
	r := reader{b: p}
	mark, id, columns, params := r.uint8(), r.uint32(), r.uint16(), r.uint16()
	if a.caps.Has(ClientOptionalResultsetMetadata) {
		r.skip(1 + 2) // filler, warnings
		a.metadata(&r)
	}
	if r.bad || mark != markOK {
		return fmt.Errorf("%w: it answers no prepare", errMalformed)
	}
	a.prepared = prepared{id: id, columns: columns, params: params, ok: true}
	a.digest.begin(columns, params)
	switch {
	case params > 0:
		a.columns = columns
		a.definitions(uint32(params))
	case columns > 0:
		a.definitions(uint32(columns))
	default:
		a.state = stateIdle
	}
	return nil
}

// endsRows reports whether a packet is the end of the rows. A row may begin with
// the same byte, but then its first value has 16 MiB or more.
func (a *answer) endsRows(p []byte, length int64) bool {
	if p[0] != markEOF {
		return false
	}
	if a.caps.Has(ClientDeprecateEOF) {
		return length < MaxPacketPayload
	}
	return length < maxEOF
}

// end takes the status from an EOF packet, or an OK packet that stands for one.
func (a *answer) end(p []byte, length int64) error {
	if p[0] != markEOF {
		return fmt.Errorf("%w: it begins with 0x%02x where an end is due", errMalformed, p[0])
	}
	if length == eofLen {
		a.warnings = binary.LittleEndian.Uint16(p[1:])
		a.status = binary.LittleEndian.Uint16(p[3:])
		a.affectedRows = 0
		return nil
	}
	if !a.caps.Has(ClientDeprecateEOF) {
		return fmt.Errorf("%w: an EOF of %d bytes", errMalformed, length)
	}
	return a.ok(p)
}

// mayBeOK reports whether the packet in hand, which begins with first, is an OK
// packet, or one that stands for an EOF.
func (a *answer) mayBeOK(first byte, f *frame) bool {
	switch a.state {
	case stateFirst:
		return first == markOK
	case stateSimple:
		return first == markOK || first == markEOF
	case stateRows:
		return first == markEOF && a.caps.Has(ClientDeprecateEOF) && f.short()
	default:
		return false
	}
}

// digests reports whether the packet in hand, which begins with first, is part of
// what the digest of definitions is made of.
func (a *answer) digests(first byte) bool {
	return a.state == stateColumns && a.command == ComStmtPrepare && first != markErr
}

// okHead is what an OK packet says in front of its text.
type okHead struct {
	affectedRows, lastInsertID uint64
	status, warnings           uint16
	size                       int // bytes
}

// parseOKHead reads an OK packet of which p is the beginning. ok is false when it
// ends too early.
func parseOKHead(p []byte) (h okHead, ok bool) {
	r := reader{b: p}
	r.skip(1)
	h.affectedRows, h.lastInsertID = r.lenenc(), r.lenenc()
	h.status, h.warnings = r.uint16(), r.uint16()
	h.size = len(p) - len(r.b)
	return h, !r.bad
}

// ok takes the status from an OK packet.
func (a *answer) ok(p []byte) error {
	h, ok := parseOKHead(p)
	if !ok {
		return fmt.Errorf("%w: an OK that is too short", errMalformed)
	}
	a.status, a.warnings, a.affectedRows = h.status, h.warnings, h.affectedRows
	if h.lastInsertID != 0 {
		a.lastInsertID = h.lastInsertID
	}
	return nil
}

// fault takes the code from an ERR packet, which ends every answer.
func (a *answer) fault(p []byte) error {
	r := reader{b: p}
	r.skip(1)
	code := r.uint16()
	if r.bad {
		return fmt.Errorf("%w: an ERR that is too short", errMalformed)
	}
	if code == errProgress && a.caps.Has(MariadbProgress) {
		return nil
	}
	a.errCode = code
	a.state = stateIdle
	a.prepared = prepared{}
	a.affectedRows = 0
	return nil
}

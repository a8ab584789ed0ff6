package fsm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Bounds of the audit trail. The oldest entries are dropped first.
const (
	MaxAuditEntries = 1000
	maxAuditBytes   = 256 << 10
	maxAuditWhat    = 1 << 10
	auditOverhead   = 32 // bytes of an entry beside its texts
)

// AuditEntry is one change that was made to the cluster.
type AuditEntry struct {
	Index uint64 // of the command
	Origin
	What    string // one line, at most 1,024 bytes, never a secret
	Records uint64 // of an import: how many records it has added so far
}

// auditTrail holds the last changes. It is immutable.
type auditTrail struct {
	list  []AuditEntry // ascending by Index
	bytes int
}

// Audit returns the audit trail, the oldest entry first: what operators have
// changed, and which active servers have changed by themselves. Commands of
// releases that named no origin are not in it. The slice must not be changed.
func (m *Machine) Audit() []AuditEntry { return m.state.Load().audit.Load().list }

func (e *AuditEntry) size() int { return len(e.Who) + len(e.From) + len(e.What) + auditOverhead }

// note adds an entry, and drops old ones as the bounds demand. One that goes on
// with an import goes into the entry of that.
func (t *auditTrail) note(e AuditEntry) *auditTrail {
	next := &auditTrail{list: slices.Clone(t.list), bytes: t.bytes}
	if !next.goOn(e) {
		next.list = append(next.list, e)
		next.bytes += e.size()
	}
	drop := 0
	for len(next.list)-drop > MaxAuditEntries || next.bytes > maxAuditBytes {
		next.bytes -= next.list[drop].size()
		drop++
	}
	next.list = next.list[drop:]
	return next
}

// goOn adds what an import has added to the last entry, if that is of the same import.
func (t *auditTrail) goOn(e AuditEntry) bool {
	if e.Records == 0 || len(t.list) == 0 {
		return false
	}
	last := &t.list[len(t.list)-1]
	if last.Records == 0 || last.Who != e.Who || last.From != e.From {
		return false
	}
	t.bytes -= last.size()
	last.Records += e.Records
	last.What = importWords(last.Records)
	t.bytes += last.size()
	return true
}

// before is what a command found, for the words that say what it has changed.
type before struct {
	libraries *LibrarySet
	settings  *Settings
	nodes     *nodeSet
	users     *UserSet
}

func (s *state) before() before {
	return before{libraries: s.libraries.Load(), settings: s.settings.Load(), nodes: s.nodes.Load(), users: s.users.Load()}
}

// noteCommand notes a command that has an origin and was carried out.
func (s *state) noteCommand(index uint64, c *fsmpb.Command, was before, r Result) {
	if c.GetOrigin() == nil || r.Err != nil {
		return
	}
	e := AuditEntry{Index: index, Origin: OriginFromProto(c.GetOrigin()), Records: r.Import.Added}
	if e.What = s.words(c, was, r); e.What == "" {
		return
	}
	// Proposers clip to less; here only what is the same in every build counts.
	e.Who, e.From = clipBytes(e.Who, maxOriginLen), clipBytes(e.From, maxOriginLen)
	e.What = clipBytes(e.What, maxAuditWhat)
	s.audit.Store(s.audit.Load().note(e))
}

// clipBytes is clipLine in a way that gives the same answer in every build.
func clipBytes(s string, limit int) string {
	const more = "..."
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit-len(more)], "") + more
	}
	b := []byte(s)
	for i := range b {
		if b[i] < ' ' || b[i] == 0x7f {
			b[i] = ' '
		}
	}
	return string(b)
}

func (e *AuditEntry) proto() *fsmpb.AuditEntry {
	return &fsmpb.AuditEntry{Index: e.Index, Origin: &fsmpb.Origin{
		Who: e.Who, From: e.From, AtMs: e.At.UnixMilli(),
	}, What: e.What, Records: e.Records}
}

// readAudit reads the trail of a snapshot's header.
func (s *state) readAudit(h *fsmpb.SnapshotHeader) error {
	t := &auditTrail{list: make([]AuditEntry, len(h.GetAudit()))}
	var last uint64
	for i, p := range h.GetAudit() {
		e := AuditEntry{Index: p.GetIndex(), Origin: OriginFromProto(p.GetOrigin()), What: p.GetWhat(), Records: p.GetRecords()}
		if e.Index <= last || e.Index > h.GetIndex() {
			return fmt.Errorf("the audit trail has entry %d after %d, and the last one is %d", e.Index, last, h.GetIndex())
		}
		if e.What == "" || len(e.What) > maxAuditWhat || len(e.Who) > maxOriginLen || len(e.From) > maxOriginLen {
			return fmt.Errorf("entry %d of the audit trail has a text that cannot be", e.Index)
		}
		last = e.Index
		t.list[i], t.bytes = e, t.bytes+e.size()
	}
	if len(t.list) > MaxAuditEntries || t.bytes > maxAuditBytes {
		return fmt.Errorf("the audit trail has %d entries of %d bytes, at most %d and %d are allowed",
			len(t.list), t.bytes, MaxAuditEntries, maxAuditBytes)
	}
	s.audit.Store(t)
	return nil
}

package importer

import (
	"sync"
	"sync/atomic"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
)

// progress counts while the import runs.
type progress struct {
	lines, bytes atomic.Uint64 // read

	mu sync.Mutex
	t  Totals // guarded by mu; without lines and bytes
}

func (p *progress) read(bytes uint64) {
	p.lines.Add(1)
	p.bytes.Add(bytes)
}

// count counts a problem; mu is held.
func (p *progress) count(kind string) {
	switch kind {
	case conflictKind:
		p.t.Conflicts++
	case string(savefile.Torn):
		p.t.Torn++
	default:
		p.t.Malformed++
	}
}

// acknowledged counts records that are in the cluster.
func (p *progress) acknowledged(class bool, added, present uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if class {
		p.t.Bindings += added
	} else {
		p.t.Placements += added
	}
	p.t.Present += present
}

func (p *progress) totals() Totals {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.t
	t.Lines, t.Bytes = p.lines.Load(), p.bytes.Load()
	return t
}

package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
)

// maxExports bounds the exports that a node sends at a time.
const maxExports = 2

var errExportBusy = fmt.Errorf("%w: %d exports of this node are under way; try again later, or ask another node", fsm.ErrOverloaded, maxExports)

// ExportHead is the first line of an export, which is a sequence of JSON values,
// one a line.
type ExportHead struct {
	Cluster string    `json:"cluster"`
	Node    string    `json:"node"`  // who answers
	Index   uint64    `json:"index"` // of the last command that is part of it
	Time    time.Time `json:"time"`
}

// ExportRecord is any other line: a placement if Library is set, a binding if
// Class is, and otherwise the end.
type ExportRecord struct {
	Class   string     `json:"class,omitempty"`
	Object  string     `json:"object,omitempty"`
	Core    string     `json:"core,omitempty"`
	Library string     `json:"library,omitempty"`
	End     *ExportEnd `json:"end,omitempty"`
}

// ExportEnd is in the last line. Without it, or with other counts, lines are
// missing.
type ExportEnd struct {
	Placements uint64 `json:"placements"`
	Bindings   uint64 `json:"bindings"`
}

// Export is the state that a node gives away.
type Export struct {
	Head  ExportHead
	State *fsm.Snapshot
}

func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	default:
		s.answer(w, nil, errExportBusy)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), changeTimeout)
	defer cancel()
	export, err := s.node.Export(ctx)
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	if err := writeExport(&pacedWriter{w, http.NewResponseController(w), s.stall}, export); err != nil {
		s.logger.Warn("an export broke off", zap.String("client", r.RemoteAddr), zap.Error(err))
		panic(http.ErrAbortHandler) // else the answer would look complete
	}
}

// writeExport writes all lines.
func writeExport(to io.Writer, e Export) error {
	out := bufio.NewWriterSize(to, backupPiece)
	line, err := encodeLine(nil, e.Head)
	if err != nil {
		return err
	}
	if _, err := out.Write(line); err != nil {
		return err
	}
	var end ExportEnd
	err = e.State.Each(func(p fsm.Placement) error {
		library := e.State.Libraries().ByID(p.Library)
		if library == nil {
			return fmt.Errorf("%s lives in library %d, which does not exist", p.Core, p.Library)
		}
		end.Placements++
		line = appendPlacement(line[:0], p.Core, library.Name)
		_, err := out.Write(line)
		return err
	}, func(b fsm.Binding) error {
		end.Bindings++
		line = appendBinding(line[:0], b)
		_, err := out.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	if line, err = encodeLine(line[:0], ExportRecord{End: &end}); err != nil {
		return err
	}
	if _, err := out.Write(line); err != nil {
		return err
	}
	return out.Flush()
}

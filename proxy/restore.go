package proxy

import (
	"encoding/json"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// restore makes a new session the one that the image describes.
func (s *session) restore(text []byte) error {
	var i sessionImage
	if err := json.Unmarshal(text, &i); err != nil {
		return fmt.Errorf("what is said of a session: %w", err)
	}
	if len(i.Ahead) > bufferSize {
		return fmt.Errorf("a session's client has sent %d bytes ahead", len(i.Ahead))
	}
	s.id, s.info.Client, s.info.Since = i.ID, i.Client, i.Since
	s.user, s.agreed, s.caps, s.collation, s.status = string(i.User), i.Agreed, i.Caps, i.Collation, i.Status
	s.core, s.library = string(i.Core), i.Library
	s.start = fsm.Placement{Core: string(i.Start.Core), Library: i.Start.Library, Epoch: i.Start.Epoch}
	s.reads = i.Reads.aim()
	s.writes = written{i.Writes.Library, i.Writes.Unknown, i.Writes.Position, i.Writes.Epoch}
	for _, w := range i.WrittenBefore {
		s.writtenBefore = append(s.writtenBefore, written{w.Library, w.Unknown, w.Position, w.Epoch})
	}
	s.insertID, s.insertUnsure = i.InsertID, i.InsertUnsure
	if u := i.Untold; u != nil {
		s.att.untold = &clientError{u.Code, u.State, string(u.Text)}
	}
	s.state = sessionState{database: string(i.Database), nextTransaction: i.NextTransaction, syntax: i.Syntax}
	for _, set := range i.Settings {
		s.state.settings = append(s.state.settings, setting{string(set.Key), set.SQL, set.Constant, set.Again})
		s.state.size += len(set.SQL)
	}
	s.restoreStatements(i)
	if len(i.Ahead) > 0 {
		s.in.buf = buffers.Get().(*buffer)
		s.in.r, s.in.w = 0, copy(s.in.buf[:], i.Ahead)
	}
	return nil
}

func (s *session) restoreStatements(i sessionImage) {
	s.statements.last = i.LastStatement
	for id, st := range i.Statements {
		if s.statements.byID == nil {
			s.statements.byID = make(map[uint32]*statement, len(i.Statements))
		}
		restored := &statement{
			sql: st.SQL, params: st.Params, looks: st.Looks, class: st.Class, effect: st.Effect, syntax: st.Syntax,
			place: st.Place, hinted: st.Hinted.aim(), demands: st.Demands,
			extension: st.Extension.extension(), extensionTypes: st.ExtensionTypes, idColumn: string(st.IDColumn), types: st.Types,
		}
		restored.parent, _ = s.parentIn(st.SQL)
		if st.LongDataLost {
			restored.longData = lostLongData
		}
		s.statements.byID[id] = restored
		s.statements.size += len(st.SQL)
	}
}

func (i aimImage) aim() aim { return aim{i.Where, i.Lag, i.Hinted} }

func (i *extensionImage) extension() *stmt.Extension {
	if i == nil {
		return nil
	}
	e := &stmt.Extension{Kind: i.Kind, Params: i.Params}
	for _, a := range i.Args {
		e.Args = append(e.Args, stmt.Arg{Text: string(a.Text), Start: a.Start, End: a.End, Placeholder: a.Placeholder})
	}
	return e
}

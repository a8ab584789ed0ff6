package proxy

import (
	"time"

	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// traceText begins the span of a text whose comment says that it is part of a trace.
// It returns where in the trace that is.
func (s *session) traceText(name string, sql []byte) stmt.TraceParent {
	parent, ok := s.parentIn(sql)
	if ok {
		s.trace(name, parent)
	}
	return parent
}

// parentIn is where in a trace a text says that it is, if it is to be traced.
func (s *session) parentIn(sql []byte) (stmt.TraceParent, bool) {
	if s.server.cfg.Tracer == nil {
		return stmt.TraceParent{}, false
	}
	return stmt.Trace(sql)
}

// trace begins the span of the command at hand, unless its client records none.
func (s *session) trace(name string, parent stmt.TraceParent) {
	// By the clock of now: it may have been set since the node was born.
	ago := time.Since(s.server.born) - s.begun
	s.traced = s.server.cfg.Tracer.Start(name, parent, time.Now().Add(-ago))
}

// traceExchange ends the part of the span in which the server at hand was asked.
func (s *session) traceExchange(from time.Time, err error) {
	code, server := uint16(0), ""
	if s.att.conn != nil {
		server = s.att.conn.Server()
	}
	if err == nil && wire.HasResponse(s.cmd.code) {
		code = s.tracker.ErrCode()
	}
	s.traced.Exchanged(from, server, code, err)
}

// endTrace ends the span of the command at hand. err is what ends the session.
func (s *session) endTrace(err error) {
	library := ""
	if s.library != 0 {
		library = s.libraryName()
	}
	digest := s.tracedForm
	// As with counting by digest: what no server has executed may show a value.
	if code, refused := s.traced.Answer(); err == nil && s.text.sql != nil && !refused && wasExecuted(code) {
		digest = string(s.text.digest())
	}
	s.traced.End(library, digest, err != nil)
	s.traced, s.tracedForm = nil, ""
}

// tracedForms are what stands for statements of our own, which name core objects.
var tracedForms = map[stmt.Kind]string{
	stmt.SelectLibrary:               "select library ?",
	stmt.SelectLibraryByCorrelObject: "select library_by_correl_object ? ?",
	stmt.SetCorrelObject:             "set correl_object ? ? ?",
	stmt.ShowMysqlda:                 "show mysqlda ?",
	stmt.SetMysqlda:                  "set mysqlda ?",
	stmt.Mysqlda:                     "mysqlda ?",
}

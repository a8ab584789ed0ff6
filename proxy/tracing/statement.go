package tracing

import (
	"context"
	"net"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// The names of spans. They are few, whatever clients do.
const (
	// NameStatement is the span of a statement, or of the execution of a prepared one,
	// from having received it to having passed on the last byte of its answer.
	NameStatement = "mysqlda statement"
	// NamePrepare is the same for preparing one.
	NamePrepare = "mysqlda prepare"

	nameAssign   = "mysqlda assign"
	nameWait     = "mysqlda wait for a backend connection"
	nameExchange = "mysqlda exchange with the server"
)

// The names of attributes; those that begin with mysqlda are ours.
const (
	keySystem  = "db.system.name"
	keyText    = "db.query.text"
	keyCode    = "db.response.status_code"
	keyError   = "error.type"
	keyAddress = "server.address"
	keyPort    = "server.port"
	keyLibrary = "mysqlda.library"
	keyOwn     = "mysqlda.refused" // the error is the node's, not a server's

	system = "mysql"
)

// Statement is the span of a statement that is under way. All methods may be called
// on a nil one, and then do nothing; they are for the session's goroutine only.
type Statement struct {
	tracer oteltrace.Tracer
	ctx    context.Context
	span   oteltrace.Span

	code    uint16 // of the error with which it was answered
	refused bool   // by this node
}

// Start begins the span of a statement that came at a time, as a child of the
// client's. It returns nil where nothing is traced.
func (t *Tracer) Start(name string, parent stmt.TraceParent, at time.Time) *Statement {
	if t == nil || !parent.Sampled {
		return nil
	}
	ctx := oteltrace.ContextWithRemoteSpanContext(context.Background(), oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: parent.TraceID, SpanID: parent.SpanID, TraceFlags: oteltrace.FlagsSampled, Remote: true,
	}))
	s := &Statement{tracer: t.tracer}
	s.ctx, s.span = t.tracer.Start(ctx, name, oteltrace.WithTimestamp(at), oteltrace.WithSpanKind(oteltrace.SpanKindServer),
		oteltrace.WithAttributes(attribute.String(keySystem, system)))
	return s
}

// Now is the time at which a part of the statement begins.
func (s *Statement) Now() time.Time {
	if s == nil {
		return time.Time{}
	}
	return time.Now()
}

// Assigned ends the part that finds, or chooses, a core object's library.
func (s *Statement) Assigned(from time.Time, err error) {
	s.part(nameAssign, oteltrace.SpanKindInternal, from, err != nil)
}

// Waited ends the part that gets a backend connection.
func (s *Statement) Waited(from time.Time, err error) {
	s.part(nameWait, oteltrace.SpanKindInternal, from, err != nil)
}

// Exchanged ends the part that sends the statement to a server, host:port, and its
// answer to the client; code is that of the server's error, or 0.
func (s *Statement) Exchanged(from time.Time, server string, code uint16, err error) {
	if s == nil {
		return
	}
	where := []attribute.KeyValue{attribute.String(keySystem, system)}
	if host, port, split := net.SplitHostPort(server); split == nil {
		where = append(where, attribute.String(keyAddress, host))
		if n, bad := strconv.Atoi(port); bad == nil {
			where = append(where, attribute.Int(keyPort, n))
		}
	}
	s.span.SetAttributes(where...)
	if code != 0 {
		s.code, s.refused = code, false
		where = append(where, answered(code)...)
	}
	s.part(nameExchange, oteltrace.SpanKindClient, from, code != 0 || err != nil, where...)
}

func (s *Statement) part(name string, kind oteltrace.SpanKind, from time.Time, failed bool, attributes ...attribute.KeyValue) {
	if s == nil {
		return
	}
	_, span := s.tracer.Start(s.ctx, name, oteltrace.WithTimestamp(from), oteltrace.WithSpanKind(kind), oteltrace.WithAttributes(attributes...))
	if failed {
		span.SetStatus(codes.Error, "") // a text could hold a value
	}
	span.End()
}

// Refused notes the number of an error of the node's own.
func (s *Statement) Refused(code uint16) {
	if s != nil {
		s.code, s.refused = code, true
	}
}

// Answer is the number of the error with which the statement was answered, 0 for
// none, and whether that is one of the node's own.
func (s *Statement) Answer() (code uint16, refused bool) { return s.code, s.refused }

// End ends the span. library is "" if the session has none, digest what the
// statement does, without the values in it, or "" if that must not be told. lost says
// that the client may not have got an answer.
func (s *Statement) End(library, digest string, lost bool) {
	if s == nil {
		return
	}
	if library != "" {
		s.span.SetAttributes(attribute.String(keyLibrary, library))
	}
	if digest != "" {
		s.span.SetAttributes(attribute.String(keyText, digest))
	}
	if s.code != 0 {
		s.span.SetAttributes(answered(s.code)...)
		s.span.SetAttributes(attribute.Bool(keyOwn, s.refused))
	}
	if s.code != 0 || lost {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}

// answered are the attributes of an error.
func answered(code uint16) []attribute.KeyValue {
	number := strconv.Itoa(int(code))
	return []attribute.KeyValue{attribute.String(keyCode, number), attribute.String(keyError, number)}
}

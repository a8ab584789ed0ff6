package proxy

import (
	"context"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// extension executes a statement of our own that came by itself.
func (s *session) extension(cmd command, e stmt.Extension) error {
	if e.Params > 0 {
		return s.refuse(cmd, kindBadName.with("A question mark stands for a parameter only in a prepared statement"))
	}
	args, err := e.Values()
	if err != nil {
		return s.refuse(cmd, kindSystem.with(err))
	}
	return s.extend(cmd, e.Kind, args, wire.AppendTextResult)
}

// appendResult appends a result set in the text or the binary protocol.
type appendResult func(dst []byte, seq uint8, caps wire.Capability, status uint16, columns []wire.Column, rows [][]string) []byte

// extend executes a statement of our own with its arguments. result writes the
// result set of one that has one.
func (s *session) extend(cmd command, kind stmt.Kind, args []string, result appendResult) error {
	ctx, stop := s.untilClientGone(cmd)
	defer stop()
	if s.traced != nil {
		s.tracedForm = tracedForms[kind]
		s.forgetText()
	}
	var err error
	switch kind {
	case stmt.SelectLibrary:
		err = s.selectLibrary(ctx, args[0])
	case stmt.SelectLibraryByCorrelObject:
		err = s.selectByCorrelObject(ctx, args[0], args[1])
	case stmt.SetCorrelObject:
		err = s.setCorrelObject(ctx, args[0], args[1], args[2])
	case stmt.ShowMysqlda:
		return s.show(ctx, cmd, args, result)
	case stmt.SetMysqlda:
		err = s.setMysqlda(ctx, args)
	case stmt.Mysqlda:
		return s.administer(ctx, cmd, args)
	}
	if err != nil {
		return s.refuse(cmd, waitError(ctx, err))
	}
	return s.ok(cmd)
}

func (s *session) selectLibrary(ctx context.Context, core string) error {
	from := s.traced.Now()
	placement, err := s.server.cfg.Directory.Resolve(ctx, core)
	s.traced.Assigned(from, err)
	if err != nil {
		return directoryError(err, "", "", core)
	}
	return s.enter(placement)
}

func (s *session) selectByCorrelObject(ctx context.Context, class, object string) error {
	from := s.traced.Now()
	placement, err := s.server.cfg.Directory.ResolveCorrelated(ctx, class, object)
	s.traced.Assigned(from, err)
	if err != nil {
		return directoryError(err, class, object, "")
	}
	return s.enter(placement)
}

func (s *session) setCorrelObject(ctx context.Context, class, object, core string) error {
	if err := s.server.cfg.Directory.Bind(ctx, class, object, core); err != nil {
		return directoryError(err, class, object, core)
	}
	return nil
}

// enter makes a core object's library the session's. The backend connection is
// acquired by the first statement that needs it.
func (s *session) enter(p fsm.Placement) error {
	if p.Library != s.library {
		if s.server.cfg.Directory.Libraries().ByID(p.Library) == nil {
			return kindUnknownCore.with(p.Core)
		}
		if s.inTransaction() {
			return kindInTransaction.with(s.libraryName(), nameOf(s.server.cfg.Directory.Libraries(), p.Library))
		}
		if s.state.unrepeatable {
			return kindStateTooLarge.with(maxSettings, maxSettingBytes)
		}
		if refusal := s.server.countLibrary(s, p.Library); refusal != nil {
			return refusal
		}
		s.move()
		s.library = p.Library
	}
	s.core = p.Core
	s.publish()
	return nil
}

package proxy

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/proxy/stmt"
)

const (
	// slowTextBytes is how much of a statement's text is kept until it has been
	// answered, and slowDigestBytes how much of its digest is logged.
	slowTextBytes   = 2 << 10
	slowDigestBytes = 512
	// slowLines bounds the lines of a node in each second.
	slowLines = 10
)

// slowLog logs statements that took long: what they did, and none of the values in
// them.
type slowLog struct {
	log   *zap.Logger
	bound time.Duration
	texts sync.Pool // of *[slowTextBytes]byte

	mu      sync.Mutex
	second  time.Time // that lines are counted in; guarded by mu
	lines   int       // guarded by mu
	leftOut uint64    // since the last line; guarded by mu
}

// newSlowLog returns nil where nothing is to be logged.
func newSlowLog(log *zap.Logger, bound time.Duration) *slowLog {
	if bound <= 0 {
		return nil
	}
	l := &slowLog{log: log, bound: bound}
	l.texts.New = func() any { return new([slowTextBytes]byte) }
	return l
}

// admit says whether a line may be logged now, and how many were not since the last
// one.
func (l *slowLog) admit(now time.Time) (leftOut uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.second) >= time.Second {
		l.second, l.lines = now, 0
	}
	if l.lines >= slowLines {
		l.leftOut++
		return 0, false
	}
	l.lines++
	leftOut, l.leftOut = l.leftOut, 0
	return leftOut, true
}

// slowText is the text of the statement at hand, for the case that it takes long.
// Its bytes in the reader are gone when the answer comes.
type slowText struct {
	sql    []byte
	syntax stmt.Syntax
	kept   *[slowTextBytes]byte // what sql is in, if it is a copy
}

// keepText keeps the beginning of a text that will be gone.
func (s *session) keepText(sql []byte, syntax stmt.Syntax) {
	l := s.server.slow
	if l == nil {
		return
	}
	kept := l.texts.Get().(*[slowTextBytes]byte)
	n := copy(kept[:], sql)
	s.slow = slowText{sql: kept[:n], syntax: syntax, kept: kept}
}

// forgetText ends the use of what keepText has kept.
func (s *session) forgetText() {
	if s.slow.kept != nil {
		s.server.slow.texts.Put(s.slow.kept)
	}
	s.slow = slowText{}
}

// noteSlow logs the statement at hand if it took long; number is that of the error
// with which it was answered, or 0.
func (s *session) noteSlow(took time.Duration, number uint16) {
	l := s.server.slow
	if l == nil || took < l.bound {
		return
	}
	s.metered().shard.slow.Add(1)
	leftOut, ok := l.admit(time.Now())
	if !ok {
		return
	}
	fields := []zap.Field{
		zap.Uint32("session", s.id), zap.String("user", s.user),
		zap.String("library", s.libraryName()), zap.String("server", s.att.conn.Server()),
		zap.Duration("took", took), zap.Uint64("answer_bytes", s.answered), zap.Uint64("affected_rows", s.tracker.AffectedRows()),
		zap.ByteString("digest", s.slow.syntax.AppendDigest(nil, s.slow.sql, slowDigestBytes)),
	}
	if number != 0 {
		fields = append(fields, zap.Uint16("error", number))
	}
	if leftOut > 0 {
		fields = append(fields, zap.Uint64("left_out", leftOut))
	}
	l.log.Warn("slow statement", fields...)
}

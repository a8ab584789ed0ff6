package proxy

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// slowLines bounds the lines of a node in each second.
const slowLines = 10

// slowLog logs statements that took long: what they did, and none of the values in
// them.
type slowLog struct {
	log   *zap.Logger
	bound time.Duration

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
	return &slowLog{log: log, bound: bound}
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
	digest := []byte(neverExecuted)
	if wasExecuted(number) {
		digest = s.text.digest()
	}
	fields := []zap.Field{
		zap.Uint32("session", s.id), zap.String("user", s.user),
		zap.String("library", s.libraryName()), zap.String("server", s.att.conn.Server()),
		zap.Duration("took", took), zap.Uint64("answer_bytes", s.answered), zap.Uint64("affected_rows", s.tracker.AffectedRows()),
		zap.ByteString("digest", digest),
	}
	if number != 0 {
		fields = append(fields, zap.Uint16("error", number))
	}
	if leftOut > 0 {
		fields = append(fields, zap.Uint64("left_out", leftOut))
	}
	l.log.Warn("slow statement", fields...)
}

package cluster

import (
	"bytes"
	"log"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// gossipWarnings is how many warnings of gossip are logged in one
	// gossipWarningWindow: anyone can cause them by sending garbage.
	gossipWarnings      = 20
	gossipWarningWindow = 10 * time.Second
)

// gossipLog writes memberlist's lines, "[LEVEL] memberlist: text", to zap.
type gossipLog struct {
	logger *zap.Logger

	mu      sync.Mutex
	window  time.Time // when the present window began
	warned  int       // in the present window
	skipped int       // in the present window
}

func newGossipLog(base *zap.Logger) *log.Logger {
	g := &gossipLog{logger: base.Named("gossip").WithOptions(zap.WithCaller(false))}
	return log.New(g, "", 0)
}

// Write takes one line. What others can cause is no error of this node, so
// nothing is logged above warning.
func (g *gossipLog) Write(line []byte) (int, error) {
	level, text := parseGossipLine(line)
	entry := g.logger.Check(level, text)
	if entry != nil && (level < zapcore.WarnLevel || g.mayWarn(time.Now())) {
		entry.Write()
	}
	return len(line), nil
}

func (g *gossipLog) mayWarn(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.window) >= gossipWarningWindow {
		if g.skipped > 0 {
			g.logger.Warn("more warnings of gossip were left out", zap.Int("count", g.skipped))
		}
		g.window, g.warned, g.skipped = now, 0, 0
	}
	if g.warned >= gossipWarnings {
		g.skipped++
		return false
	}
	g.warned++
	return true
}

func parseGossipLine(line []byte) (zapcore.Level, string) {
	level := zapcore.WarnLevel
	text := bytes.TrimSpace(line)
	if end := bytes.IndexByte(text, ']'); end > 0 && text[0] == '[' {
		switch string(text[1:end]) {
		case "DEBUG":
			level = zapcore.DebugLevel
		case "INFO":
			level = zapcore.InfoLevel
		}
		text = bytes.TrimSpace(text[end+1:])
	}
	text = bytes.TrimPrefix(text, []byte("memberlist: "))
	switch {
	case bytes.HasPrefix(text, []byte("Refuting a ")):
		level = zapcore.InfoLevel // a node that comes back says that it lives
	case bytes.HasSuffix(text, []byte(net.ErrClosed.Error())):
		level = zapcore.DebugLevel // this node stops
	}
	return level, string(text)
}

package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// LogLevel is the level of a node's log: one of config.LogLevels.
type LogLevel struct {
	Level string `json:"level"`
}

func (s *Server) showLogLevel(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, LogLevel{s.level.String()}, nil)
}

// setLogLevel changes the level of this node's log until the process ends.
func (s *Server) setLogLevel(w http.ResponseWriter, r *http.Request) {
	var request LogLevel
	s.change(w, r, readRequestTimeout, &request, func(ctx context.Context) error {
		return ChangeLogLevel(ctx, s.logger, s.level, request.Level)
	})
}

// ChangeLogLevel changes the level of a logger to a word of config.LogLevels, and has
// it say so, and on whose behalf. Its error wraps ErrBadRequest.
func ChangeLogLevel(ctx context.Context, logger *zap.Logger, of zap.AtomicLevel, word string) error {
	level, err := parseLevel(word)
	if err != nil {
		return err
	}
	// Whoever reads the log is to see why it becomes silent, or why it was.
	was := of.Level()
	note := func() {
		logger.Warn("log level changed", append(By(ctx), zap.Stringer("from", was), zap.Stringer("to", level))...)
	}
	if level > was {
		note()
	}
	of.SetLevel(level)
	if level <= was {
		note()
	}
	return nil
}

func parseLevel(word string) (zapcore.Level, error) {
	if !slices.Contains(config.LogLevels(), word) {
		return 0, fmt.Errorf("%w: level must be one of %s, not %q", ErrBadRequest, strings.Join(config.LogLevels(), ", "), word)
	}
	level, err := zapcore.ParseLevel(word)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	return level, nil
}

// LogLevel asks for the level of the node's log.
func (c *Client) LogLevel(ctx context.Context) (LogLevel, error) {
	var level LogLevel
	err := c.do(ctx, http.MethodGet, "/api/v1/log", nil, &level)
	return level, err
}

// SetLogLevel changes the level of the node's log until its process ends.
func (c *Client) SetLogLevel(ctx context.Context, level string) error {
	return c.do(ctx, http.MethodPost, "/api/v1/log", LogLevel{level}, nil)
}

package cluster

import (
	"fmt"
	"io"
	"log"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// hclogAdapter writes Raft's log lines to zap. Its level is zap's.
type hclogAdapter struct {
	base    *zap.Logger // without name and fields of this adapter
	logger  *zap.Logger
	name    string
	implied []any
	volume  *raftVolume
}

var _ hclog.Logger = (*hclogAdapter)(nil)

func newHclog(base *zap.Logger, name string, volume *raftVolume) *hclogAdapter {
	// The caller would always be this file.
	base = base.WithOptions(zap.WithCaller(false))
	return &hclogAdapter{base: base, logger: base.Named(name), name: name, volume: volume}
}

func zapLevel(l hclog.Level) zapcore.Level {
	switch l {
	case hclog.Info:
		return zapcore.InfoLevel
	case hclog.Warn:
		return zapcore.WarnLevel
	case hclog.Error:
		return zapcore.ErrorLevel
	default:
		return zapcore.DebugLevel
	}
}

func zapFields(args []any) []zap.Field {
	fields := make([]zap.Field, 0, len(args)/2+1)
	for len(args) > 1 {
		key, ok := args[0].(string)
		if !ok {
			key = fmt.Sprint(args[0])
		}
		value := args[1]
		if f, ok := value.(hclog.Format); ok && len(f) > 0 {
			value = fmt.Sprintf(fmt.Sprint(f[0]), f[1:]...)
		}
		fields = append(fields, zap.Any(key, value))
		args = args[2:]
	}
	if len(args) == 1 {
		fields = append(fields, zap.Any("extra", args[0]))
	}
	return fields
}

// Log implements hclog.Logger.
func (a *hclogAdapter) Log(level hclog.Level, msg string, args ...any) {
	if entry := a.logger.Check(zapLevel(a.volume.of(level, msg, args)), msg); entry != nil {
		entry.Write(zapFields(args)...)
	}
}

// Trace implements hclog.Logger; zap knows no trace level.
func (a *hclogAdapter) Trace(string, ...any) {}

// Debug implements hclog.Logger.
func (a *hclogAdapter) Debug(msg string, args ...any) { a.Log(hclog.Debug, msg, args...) }

// Info implements hclog.Logger.
func (a *hclogAdapter) Info(msg string, args ...any) { a.Log(hclog.Info, msg, args...) }

// Warn implements hclog.Logger.
func (a *hclogAdapter) Warn(msg string, args ...any) { a.Log(hclog.Warn, msg, args...) }

// Error implements hclog.Logger.
func (a *hclogAdapter) Error(msg string, args ...any) { a.Log(hclog.Error, msg, args...) }

func (a *hclogAdapter) enabled(l zapcore.Level) bool { return a.logger.Core().Enabled(l) }

// IsTrace implements hclog.Logger.
func (a *hclogAdapter) IsTrace() bool { return false }

// IsDebug implements hclog.Logger.
func (a *hclogAdapter) IsDebug() bool { return a.enabled(zapcore.DebugLevel) }

// IsInfo implements hclog.Logger.
func (a *hclogAdapter) IsInfo() bool { return a.enabled(zapcore.InfoLevel) }

// IsWarn implements hclog.Logger.
func (a *hclogAdapter) IsWarn() bool { return a.enabled(zapcore.WarnLevel) }

// IsError implements hclog.Logger.
func (a *hclogAdapter) IsError() bool { return a.enabled(zapcore.ErrorLevel) }

// ImpliedArgs implements hclog.Logger.
func (a *hclogAdapter) ImpliedArgs() []any { return a.implied }

// With implements hclog.Logger.
func (a *hclogAdapter) With(args ...any) hclog.Logger {
	implied := append(append([]any{}, a.implied...), args...)
	return &hclogAdapter{base: a.base, logger: a.logger.With(zapFields(args)...), name: a.name, implied: implied, volume: a.volume}
}

// Name implements hclog.Logger.
func (a *hclogAdapter) Name() string { return a.name }

// Named implements hclog.Logger.
func (a *hclogAdapter) Named(name string) hclog.Logger {
	if a.name != "" {
		name = a.name + "." + name
	}
	return a.ResetNamed(name)
}

// ResetNamed implements hclog.Logger.
func (a *hclogAdapter) ResetNamed(name string) hclog.Logger {
	return &hclogAdapter{base: a.base, logger: a.base.Named(name).With(zapFields(a.implied)...), name: name, implied: a.implied, volume: a.volume}
}

// SetLevel implements hclog.Logger; zap's level counts.
func (a *hclogAdapter) SetLevel(hclog.Level) {}

// GetLevel implements hclog.Logger.
func (a *hclogAdapter) GetLevel() hclog.Level {
	switch {
	case a.IsDebug():
		return hclog.Debug
	case a.IsInfo():
		return hclog.Info
	case a.IsWarn():
		return hclog.Warn
	default:
		return hclog.Error
	}
}

// StandardLogger implements hclog.Logger.
func (a *hclogAdapter) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return zap.NewStdLog(a.logger)
}

// StandardWriter implements hclog.Logger.
func (a *hclogAdapter) StandardWriter(*hclog.StandardLoggerOptions) io.Writer {
	return zap.NewStdLog(a.logger).Writer()
}

package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/http/httpguts"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/proxy/tracing"
)

const (
	// tracingCloseTimeout is how long the last spans may take when the node stops.
	tracingCloseTimeout = 3 * time.Second
	// maxHeadersFile bounds the file of headers, in bytes.
	maxHeadersFile = 16 << 10
)

// openTracing returns nil where nothing is traced.
func (d *daemon) openTracing(node string) (*tracing.Tracer, error) {
	cfg := d.cfg.Tracing
	if cfg.Endpoint == "" {
		return nil, nil
	}
	logger := d.logger.Named("tracing")
	headers, err := readHeaders(cfg)
	if err != nil {
		return nil, fmt.Errorf("tracing.headers_file: %w", err)
	}
	tracer, err := tracing.New(tracing.Config{
		Endpoint: cfg.Endpoint, Headers: headers, Timeout: cfg.Timeout,
		Node: node, Version: d.options.Version, Logger: logger, Registerer: d.registry,
	})
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), tracingCloseTimeout)
		defer cancel()
		if err := tracer.Close(ctx); err != nil {
			d.logger.Warn("the last spans may be lost", zap.Error(err))
		}
		return nil
	})
	logger.Info("statements that are part of a trace have spans", zap.String("endpoint", cfg.Endpoint))
	return tracer, nil
}

// readHeaders reads the file of headers, which others must not be able to read: NAME:
// VALUE on each line. Lines that are empty or begin with # count for nothing. No error
// has a value in it.
func readHeaders(cfg config.Tracing) (map[string]string, error) {
	headers := make(map[string]string)
	if cfg.HeadersFile == "" {
		return headers, nil
	}
	text, err := secretfile.Read(cfg.HeadersFile)
	if err != nil {
		return nil, err
	}
	if len(text) > maxHeadersFile {
		return nil, fmt.Errorf("%s has more than %d bytes", cfg.HeadersFile, maxHeadersFile)
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		line := strings.TrimSpace(string(line))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !found || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("%s, line %d: %w", cfg.HeadersFile, i+1, errNoHeader)
		}
		headers[name] = value
	}
	return headers, nil
}

var errNoHeader = errors.New("must be a header of HTTP, such as Authorization: Bearer KEY")

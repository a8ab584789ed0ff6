package daemon

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func TestLoggerWritesOneLineAnEvent(t *testing.T) {
	for _, format := range []string{"console", "json"} {
		var out bytes.Buffer
		logger, _, err := NewLogger(config.Log{Level: "warn", Format: format}, &out)
		if err != nil {
			t.Fatal(err)
		}
		logger.Info("below the level")
		logger.Named("proxy").Warn("a server is dead", zap.String("server", "h:1"))
		text := out.String()
		if strings.Count(text, "\n") != 1 || !strings.Contains(text, "h:1") || strings.Contains(text, "below") {
			t.Errorf("%s: got %q", format, text)
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("not JSON: %q", text)
		}
	}
	if _, _, err := NewLogger(config.Log{Level: "loud"}, nil); err == nil {
		t.Error("an unknown level is accepted")
	}
}

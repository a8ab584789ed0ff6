package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zaptest"
)

func TestProfilesAreForDebuggingOnly(t *testing.T) {
	for _, c := range []struct {
		debug bool
		path  string
		code  int
		text  string
	}{
		{true, "/debug/pprof/goroutine?text=1", http.StatusOK, "TestProfilesAreForDebuggingOnly"},
		{true, "/debug/pprof/heap", http.StatusOK, "\x1f\x8b"}, // gzip
		{true, "/debug/pprof/cmdline", http.StatusNotFound, "there is no GET /debug/pprof/cmdline"},
		{false, "/debug/pprof/goroutine", http.StatusNotFound, "there is no GET"},
	} {
		server := New(Config{Metrics: prometheus.NewRegistry(), Logger: zaptest.NewLogger(t), Debug: c.debug})
		answer := httptest.NewRecorder()
		server.http.Handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+c.path, nil))
		if answer.Code != c.code || !strings.Contains(answer.Body.String(), c.text) {
			t.Errorf("%s with debug %t: %d, %.200q", c.path, c.debug, answer.Code, answer.Body)
		}
	}
}

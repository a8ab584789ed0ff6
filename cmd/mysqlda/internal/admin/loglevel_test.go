package admin

import (
	"bytes"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestLogLevelIsShownAndChanged(t *testing.T) {
	var log bytes.Buffer
	level := zap.NewAtomicLevelAt(zap.ErrorLevel)
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(zapcore.AddSync(&log)), level)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := New(Config{Node: &fakeNode{}, Metrics: prometheus.NewRegistry(), Logger: zap.New(core), Level: level})
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		if err := server.Shutdown(t.Context()); err != nil {
			t.Log(err)
		}
		<-served
	})
	client := NewClient(ln.Addr().String(), Credentials{})
	for i, want := range []string{"debug", "info", "warn", "error"} {
		if err := client.SetLogLevel(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		got, err := client.LogLevel(t.Context())
		if err != nil || got.Level != want || level.String() != want {
			t.Errorf("got %+v, %v, %v, want %s", got, err, level, want)
		}
		// Each change is seen: the first when there is more to see, the others before
		// there is less.
		if n := strings.Count(log.String(), "log level changed"); n != i+1 {
			t.Errorf("%d changes were logged, want %d: %s", n, i+1, log.String())
		}
	}
	for _, bad := range []string{"", "loud", "DEBUG", "fatal"} {
		err := client.SetLogLevel(t.Context(), bad)
		refused, ok := err.(*RefusedError)
		if !ok || refused.StatusCode != http.StatusBadRequest || !strings.Contains(refused.Message, "level must be one of debug, info, warn, error") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if level.Level() != zap.ErrorLevel {
		t.Errorf("a refused level was set: %v", level)
	}
}

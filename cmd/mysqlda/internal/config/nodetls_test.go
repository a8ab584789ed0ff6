package config

import (
	"strings"
	"testing"
)

func TestNodeTLSNeedsAllItsFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tls, problem, warning string }{
		{`{"ca": "a", "cert": "c", "key": "k"}`, "", ""},
		{`{"ca": "a", "cert": "c", "key": "k", "mode": "optional"}`, "", "cluster.tls.mode is optional"},
		{`{"ca": "a", "cert": "c", "key": "k", "mode": "off"}`, "", "cluster.tls.mode is off"},
		{`{"mode": "off"}`, "", "cluster.tls.mode is off"},
		{`{"cert": "c", "key": "k"}`, "cluster.tls.ca: is missing", ""},
		{`{"ca": "a"}`, "cluster.tls.cert: is missing", ""},
		{`{"ca": "a", "cert": "c"}`, "cluster.tls.cert: needs key", ""},
		{`{"ca": "a", "cert": "c", "key": "k", "mode": "on"}`, "cluster.tls.mode: must be one of", ""},
	} {
		cfg, err := Parse("/n.conf", []byte(`{"cluster": {"tls": `+c.tls+`}}`))
		switch {
		case c.problem != "":
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s: %v, want %q", c.tls, err, c.problem)
			}
		case err != nil:
			t.Errorf("%s: %v", c.tls, err)
		default:
			if got := strings.Join(cfg.Warnings, "; "); c.warning == "" && got != "" || !strings.HasPrefix(got, c.warning) {
				t.Errorf("%s: warned %q, want %q", c.tls, got, c.warning)
			}
		}
	}
}

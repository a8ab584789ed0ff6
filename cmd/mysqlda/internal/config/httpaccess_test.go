package config

import (
	"strings"
	"testing"
)

func TestHTTPAccessIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ http, problem, warning string }{
		{`{}`, "", ""},
		{`{"listen": "127.0.0.1:1"}`, "", ""},
		{`{"listen": "10.0.0.1:1"}`, "", "http.listen is 10.0.0.1:1, and whoever reaches it may change the cluster"},
		{`{"listen": "0.0.0.0:1"}`, "", "http.listen is 0.0.0.0:1, and whoever"},
		{`{"listen": "10.0.0.1:1", "token_file": "t"}`, "", "http.listen is 10.0.0.1:1 and operators' tokens go there in the clear"},
		{`{"listen": "10.0.0.1:1", "token_file": "t", "tls": {"cert": "c", "key": "k"}}`, "", ""},
		{`{"listen": "10.0.0.1:1", "tls": {"cert": "c", "key": "k", "client_ca": "a"}}`, "", ""},
		{`{"listen": "10.0.0.1:1", "tls": {"cert": "c", "key": "k"}}`, "", "http.listen is 10.0.0.1:1, and whoever"},
		{`{"open": ["metrics"]}`, "", "http.open has no effect"},
		{`{"open": ["metrics", "status", "probes"], "token_file": "t"}`, "", ""},
		{`{"open": ["everything"], "token_file": "t"}`, "http.open[0]: must be one of", ""},
		{`{"tls": {"client_ca": "a"}}`, "http.tls.cert: is missing", ""},
		{`{"tls": {"cert": "a"}}`, "http.tls.cert: needs key", ""},
		{`{"host_names": ["db1.example.com", "mysqlda"]}`, "", ""},
		{`{"host_names": ["db1:80"]}`, "http.host_names[0]: \"db1:80\" is neither", ""},
		{`{"host_names": "db1"}`, "http.host_names: must be a list", ""},
		{`{"token_file": ""}`, "http.token_file: is empty", ""},
	} {
		cfg, err := Parse("/n.conf", []byte(`{"http": `+c.http+`}`))
		switch {
		case c.problem != "":
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s: %v, want %q", c.http, err, c.problem)
			}
		case err != nil:
			t.Errorf("%s: %v", c.http, err)
		default:
			if got := strings.Join(cfg.Warnings, "; "); c.warning == "" && got != "" || !strings.HasPrefix(got, c.warning) {
				t.Errorf("%s: warned %q, want %q", c.http, got, c.warning)
			}
		}
	}
}

package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// guardedNode starts one node whose HTTP address asks for a token or a certificate.
func guardedNode(t *testing.T, ca authority, open ...string) (n *cluster.Node, tokens string) {
	t.Helper()
	ca.nodes(t, 1)
	tokens = filepath.Join(ca.dir, "tokens")
	must(t, os.WriteFile(tokens, []byte(ca.run(t, "token", "operator", "alice")), 0o600))
	o := options(t, 1)
	o.Change = func(_ int, c *cluster.ConfigFile) {
		pair := ca.section("n1", "")
		c.HTTP.TLS = &cluster.HTTPTLSSection{Cert: pair.Cert, Key: pair.Key, ClientCA: pair.CA}
		c.HTTP.TokenFile, c.HTTP.Open = tokens, open
	}
	return cluster.ForTest(t, o).Nodes[0], tokens
}

func TestCommandsShowTokensAndCertificates(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	n, tokens := guardedNode(t, ca)
	ca.run(t, "ca", "issue", "--dir", ca.dir, "--operator", "bob", "--out", ca.dir)
	bare := filepath.Join(ca.dir, "bare")
	text, err := os.ReadFile(tokens)
	must(t, err)
	_, secret, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
	must(t, os.WriteFile(bare, []byte(secret+"\n"), 0o600))
	unknown := filepath.Join(ca.dir, "unknown")
	must(t, os.WriteFile(unknown, []byte(ca.run(t, "token", "operator", "eve")), 0o600))
	ca.issue(t, "n2", "nodes") // which is no member
	address := n.Addresses().HTTP
	authorities := filepath.Join(ca.dir, "ca.pem")
	for _, c := range []struct {
		args []string
		says string // on stderr, "" if it works
	}{
		{[]string{"-f", n.ConfigFile()}, ""},
		{[]string{"--http", address, "--ca", authorities, "--token-file", tokens}, ""},
		{[]string{"--http", address, "--ca", authorities, "--token-file", bare}, ""},
		{[]string{"--http", "https://" + address, "--ca", authorities, "--cert", ca.dir + "/bob.pem", "--key", ca.dir + "/bob-key.pem"}, ""},
		{[]string{"--http", address, "--ca", authorities, "--cert", ca.dir + "/nodes/n1.pem", "--key", ca.dir + "/nodes/n1-key.pem"}, ""},
		{[]string{"--http", address, "--ca", authorities, "--cert", ca.dir + "/nodes/n2.pem", "--key", ca.dir + "/nodes/n2-key.pem"}, "not in its cluster"},
		{[]string{"--http", address, "--ca", authorities}, "show a token"},
		{[]string{"--http", address, "--ca", authorities, "--token-file", unknown}, "not one that this node knows"},
		{[]string{"--http", address, "--token-file", tokens}, "speaks TLS only"},
		{[]string{"--http", "https://" + address, "--token-file", tokens}, "certificate"},
		{[]string{"--http", address, "--cert", ca.dir + "/bob.pem"}, "go together"},
		{[]string{"--http", address, "--ca", authorities, "--token-file", ca.dir + "/none"}, "no such file"},
	} {
		for _, command := range [][]string{{"library", "weight", "alpha", "100"}, {"status"}} {
			_, err := cluster.Run(within(t), ca.binary, append(command, c.args...)...)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%s %s: %v, want %q", command, c.args, err, c.says)
			}
		}
	}
	must(t, os.Chmod(bare, 0o644))
	if _, err := cluster.Run(within(t), ca.binary, "status", "--http", address, "--ca", authorities, "--token-file", bare); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a token that everybody may read: %v", err)
	}
	// What the commands do by themselves works as well.
	if out, err := cluster.Run(within(t), ca.binary, "doctor", "-f", n.ConfigFile()); err != nil {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	out, err := cluster.Run(within(t), ca.binary, "debug", "bundle", "-f", n.ConfigFile(), "-O", filepath.Join(ca.dir, "bundle.tar.gz"), "--log", n.LogFile())
	if err != nil {
		t.Errorf("debug bundle: %v\n%s", err, out)
	}
	log, err := os.ReadFile(n.LogFile())
	must(t, err)
	if strings.Contains(string(log), secret) {
		t.Error("the node has logged a token")
	}
	if !strings.Contains(string(log), "a request without the right to make it was refused") {
		t.Error("the node has not logged that it refused somebody")
	}
}

func TestPagesAreOpenByConfig(t *testing.T) {
	t.Parallel()
	n, _ := guardedNode(t, newAuthority(t), "metrics", "probes")
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/metrics": http.StatusOK,
		"/api/v1/status": http.StatusUnauthorized, "/api/v1/backup": http.StatusUnauthorized, "/api/v1/log": http.StatusUnauthorized,
	} {
		if got := httpsStatus(t, http.MethodGet, n.Addresses().HTTP, path); got != want {
			t.Errorf("GET %s is answered %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/api/v1/leave", "/api/v1/libraries", "/api/v1/settings", "/healthz"} {
		if got := httpsStatus(t, http.MethodPost, n.Addresses().HTTP, path); got != http.StatusUnauthorized {
			t.Errorf("POST %s is answered %d", path, got)
		}
	}
	for name, bytes := range garbage() {
		if name == "tls" {
			continue
		}
		answer := answerTo(t, n.Addresses().HTTP, bytes)
		if len(answer) > 0 && answer[0] != 0x15 && !strings.HasPrefix(string(answer), "HTTP/1.0 400") {
			t.Errorf("%s was answered %.40q", name, answer)
		}
	}
	if got := httpsStatus(t, http.MethodGet, n.Addresses().HTTP, "/readyz"); got != http.StatusOK {
		t.Errorf("after the garbage: %d", got)
	}
}

func TestANodeThatIsOpenToAllIsNotOpenByAnyName(t *testing.T) {
	t.Parallel()
	n := cluster.ForTest(t, options(t, 1)).Nodes[0]
	hostname, err := os.Hostname()
	must(t, err)
	for _, c := range []struct {
		path, host string
		want       int
	}{
		{"/api/v1/status", "", http.StatusOK},
		{"/api/v1/status", hostname, http.StatusOK},
		{"/api/v1/status", "localhost:1", http.StatusOK},
		{"/api/v1/status", "evil.example", http.StatusForbidden},
		{"/api/v1/backup", "evil.example", http.StatusForbidden},
		{"/readyz", "evil.example", http.StatusOK},
		{"/metrics", "evil.example", http.StatusOK},
	} {
		request, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://"+n.Addresses().HTTP+c.path, nil)
		must(t, err)
		request.Host = c.host
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		must(t, errors.Join(err, response.Body.Close()))
		if response.StatusCode != c.want {
			t.Errorf("%s by the name %q is answered %d, want %d", c.path, c.host, response.StatusCode, c.want)
		}
	}
	_, port, err := net.SplitHostPort(n.Addresses().HTTP)
	must(t, err)
	if _, err := n.CLI(within(t), "status", "--http", net.JoinHostPort("localhost", port)); err != nil {
		t.Errorf("the command, by localhost: %v", err)
	}
}

func httpsStatus(t *testing.T, method, address, path string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(within(t), method, "https://"+address+path, strings.NewReader("{}"))
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	must(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	must(t, errors.Join(err, response.Body.Close()))
	return response.StatusCode
}

func TestTokensChangeWithoutARestart(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	n, tokens := guardedNode(t, ca)
	first := filepath.Join(ca.dir, "first")
	must(t, os.Rename(tokens, first))
	second := filepath.Join(ca.dir, "second")
	must(t, os.WriteFile(second, []byte(ca.run(t, "token", "operator", "alice")), 0o600))
	old, err := os.ReadFile(first)
	must(t, err)
	renewed, err := os.ReadFile(second)
	must(t, err)
	works := func(file string) error {
		_, err := cluster.Run(within(t), ca.binary, "status", "--http", n.Addresses().HTTP, "--ca", filepath.Join(ca.dir, "ca.pem"), "--token-file", file)
		return err
	}
	replace := func(text string) {
		replaceFile(t, tokens, []byte(text))
	}
	replace(string(old) + string(renewed))
	must(t, wait.For(within(t), "the new token counts", func(context.Context) error { return works(second) }))
	must(t, works(first))
	refuses := func(file, what string) {
		t.Helper()
		must(t, wait.For(within(t), what+" counts no more", func(context.Context) error {
			if works(file) == nil {
				return fmt.Errorf("it does")
			}
			return nil
		}))
	}
	replace(string(renewed))
	refuses(first, "the old token")
	must(t, works(second))
	replace("")
	refuses(second, "the last token")
}

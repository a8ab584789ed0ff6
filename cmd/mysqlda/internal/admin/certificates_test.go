package admin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/pki"
)

// issue makes a certificate of an authority, which is valid for an hour.
func issue(t *testing.T, a *pki.Authority, r pki.Request) tls.Certificate {
	t.Helper()
	r.Life = time.Hour
	pair, err := a.Issue(r, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newAuthority(t *testing.T) (*pki.Authority, *x509.CertPool) {
	t.Helper()
	pair, err := pki.NewAuthority("authority", time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a, err := pki.LoadAuthority(pair)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pair.Certificate)
	return a, pool
}

// certified serves with certificates of one authority; of nodes n1 and n2 are members.
func certified(t *testing.T, ca *pki.Authority, pool *x509.CertPool, trusted func() *x509.CertPool) *guardedServer {
	t.Helper()
	member := func(id string) error {
		switch id {
		case "n1", "n2":
			return nil
		case "n8":
			return fmt.Errorf("%w yet", ErrNotRunning)
		}
		return errors.New("it is for " + id)
	}
	return serveGuarded(t, &Access{Tokens: tokens, Certificates: &Certificates{Authorities: trusted, Node: member}}, &tls.Config{
		Certificates: []tls.Certificate{issue(t, ca, pki.Request{Node: "n1", Hosts: []string{"127.0.0.1"}})},
		ClientAuth:   tls.VerifyClientCertIfGiven, ClientCAs: pool,
	})
}

func TestClientCertificatesSayWhoAsks(t *testing.T) {
	t.Parallel()
	ca, pool := newAuthority(t)
	foreign, _ := newAuthority(t)
	g := certified(t, ca, pool, func() *x509.CertPool { return pool })
	for _, c := range []struct {
		name     string
		shown    []tls.Certificate
		token    Password
		operator string
	}{
		{"an operator's", []tls.Certificate{issue(t, ca, pki.Request{Operator: "alice"})}, "", "alice"},
		{"a node's", []tls.Certificate{issue(t, ca, pki.Request{Node: "n2"})}, "", "node:n2"},
		{"none but a token", nil, bobToken, "bob"},
		{"an operator's and a token", []tls.Certificate{issue(t, ca, pki.Request{Operator: "alice"})}, bobToken, "bob"},
		{"an operator's and a wrong token", []tls.Certificate{issue(t, ca, pki.Request{Operator: "alice"})}, "wrong", ""},
		{"one that says it is the cluster's", []tls.Certificate{issue(t, ca, pki.Request{Operator: "mysqlda"})}, "", ""},
		{"one that says it is a node's", []tls.Certificate{issue(t, ca, pki.Request{Operator: "node:n2"})}, "", ""},
		{"none", nil, "", ""},
		{"a foreign one", []tls.Certificate{issue(t, foreign, pki.Request{Operator: "alice"})}, "", ""},
	} {
		client := NewClient(g.address, Credentials{TLS: &tls.Config{RootCAs: pool, Certificates: c.shown}, Token: c.token})
		_, err := client.Read(t.Context(), "/who-am-i")
		switch {
		case c.operator == "" && err == nil:
			t.Errorf("%s: let in as %q", c.name, <-g.who)
		case c.operator != "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.operator != "":
			if who := <-g.who; who != c.operator {
				t.Errorf("%s: let in as %q", c.name, who)
			}
		}
	}
	if _, err := NewClient(g.address, Credentials{}).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "--ca") {
		t.Errorf("in the clear: %v", err)
	}
	plain := serveGuarded(t, &Access{Tokens: tokens}, nil)
	if _, err := NewClient(plain.address, Credentials{TLS: &tls.Config{RootCAs: pool}}).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "speaks no TLS") {
		t.Errorf("TLS to a node without: %v", err)
	}
}

// A certificate outlives its node's membership by as long as it is valid.
func TestCertificatesOfRemovedNodesAreRefused(t *testing.T) {
	t.Parallel()
	ca, pool := newAuthority(t)
	g := certified(t, ca, pool, func() *x509.CertPool { return pool })
	for id, want := range map[string]struct {
		status int
		says   string
	}{
		"n9": {http.StatusForbidden, "not in its cluster: it is for n9"},
		"n8": {http.StatusServiceUnavailable, "not running yet"},
	} {
		client := NewClient(g.address, Credentials{TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{issue(t, ca, pki.Request{Node: id})}}})
		err := client.Leave(t.Context())
		refused := new(RefusedError)
		if !errors.As(err, &refused) || refused.StatusCode != want.status || !strings.Contains(refused.Message, want.says) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if g.node.asked != nil {
		t.Errorf("the node was asked to %q", g.node.asked)
	}
}

// A connection outlives the authority of its certificate, too.
func TestARevokedAuthorityCountsForOpenConnections(t *testing.T) {
	t.Parallel()
	ca, pool := newAuthority(t)
	_, other := newAuthority(t)
	var trusted atomic.Pointer[x509.CertPool]
	trusted.Store(pool)
	g := certified(t, ca, pool, trusted.Load)
	var dials atomic.Int32
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{issue(t, ca, pki.Request{Operator: "alice"})}}}
	transport := &http.Transport{}
	transport.DialTLSContext = func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		dials.Add(1)
		return dialer.DialContext(ctx, network, address)
	}
	defer transport.CloseIdleConnections()
	ask := func() int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+g.address+"/api/v1/log", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	if status := ask(); status != http.StatusOK {
		t.Errorf("before: %d", status)
	}
	trusted.Store(other)
	if status := ask(); status != http.StatusForbidden {
		t.Errorf("after: %d", status)
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

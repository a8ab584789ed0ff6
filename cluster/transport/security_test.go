package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mysqlda/mysqlda/test/harness/wait"
)

// port is a Mux with what it warns of.
type port struct {
	*Mux
	logs    *observer.ObservedLogs
	removed atomic.Pointer[string]
}

func securePort(t *testing.T, s *Security) *port {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	p := &port{logs: logs}
	m, err := Listen(t.Context(), Config{
		Address: "127.0.0.1:0", NodeID: "n1", Logger: zap.New(core), Registerer: prometheus.NewRegistry(), Security: s,
		Removed: func(id string) bool { gone := p.removed.Load(); return gone != nil && *gone == id },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Mux = m
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

// exchange dials the port for Raft, has it let in, and sends a word through.
func exchange(t *testing.T, p *port, s *Security, cluster ClusterID) error {
	t.Helper()
	conn, accepted, err := admitted(t, p, s, cluster)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer accepted.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		return err
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(accepted, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	return nil
}

func admitted(t *testing.T, p *port, s *Security, cluster ClusterID) (conn, accepted net.Conn, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err = s.dial(ctx, p.Addr().String(), preamble{service: Raft, cluster: cluster, target: "n1"}, "n1")
	if err != nil {
		return nil, nil, err
	}
	accepted, err = p.Listener(Raft).Accept()
	if err != nil {
		t.Fatal(err)
	}
	return conn, accepted, nil
}

func TestNodesWithCertificatesReachEachOther(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cluster := NewClusterID()
	for _, c := range []struct {
		name           string
		accepts, dials *Security
	}{
		{"both required", ca.security(ca.node(t, "n1"), true), ca.security(ca.node(t, "n2"), true)},
		{"from optional", ca.security(ca.node(t, "n1"), true), ca.security(ca.node(t, "n2"), false)},
		{"to optional", ca.security(ca.node(t, "n1"), false), ca.security(ca.node(t, "n2"), true)},
		{"from optional to off", nil, ca.security(ca.node(t, "n2"), false)},
		{"from off to optional", ca.security(ca.node(t, "n1"), false), nil},
	} {
		p := securePort(t, c.accepts)
		p.SetCluster(cluster)
		conn, accepted, err := admitted(t, p, c.dials, cluster)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		_, secured := conn.(*securedConn)
		if both := c.accepts != nil && c.dials != nil; secured != both {
			t.Errorf("%s: with TLS: %t", c.name, secured)
		}
		if peer := accepted.(*trackedConn).peer; secured && peer != "n2" || !secured && peer != "" {
			t.Errorf("%s: the other side is %q", c.name, peer)
		}
		conn.Close()
		if !hungUp(accepted) {
			t.Errorf("%s: the connection is still open", c.name)
		}
		accepted.Close()
	}
}

func TestBothSidesLearnWhyACertificateIsRefused(t *testing.T) {
	t.Parallel()
	ca, foreign := newAuthority(t), newAuthority(t)
	n1, n2 := ca.node(t, "n1"), ca.node(t, "n2")
	expired := ca.sign(t, x509.Certificate{
		URIs: []*url.URL{NodeURI("n2")}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour),
	})
	serverOnly := ca.sign(t, x509.Certificate{URIs: []*url.URL{NodeURI("n2")}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	for _, c := range []struct {
		name           string
		accepts, dials *Security
		dialler, log   string // what each says
	}{
		{"foreign", ca.security(n1, true), &Security{true, certificate(foreign.node(t, "n2")), ca.pool}, "does not accept this node's certificate", "unknown authority"},
		{"expired", ca.security(n1, true), ca.security(expired, true), "does not accept", "expired"},
		{"names nobody", ca.security(n1, true), ca.security(ca.sign(t, x509.Certificate{DNSNames: []string{"n2"}}), true), "does not accept", "names no node"},
		{"names two", ca.security(n1, true), ca.security(ca.sign(t, x509.Certificate{URIs: []*url.URL{NodeURI("n2"), NodeURI("n3")}}), true), "does not accept", "several nodes"},
		{"of an operator", ca.security(n1, true), ca.security(ca.sign(t, x509.Certificate{URIs: []*url.URL{{Scheme: "mysqlda", Host: "operator", Path: "/n2"}}}), true), "does not accept", "names no node"},
		{"for servers only", ca.security(n1, true), ca.security(serverOnly, true), "does not accept", "key usage"},
		{"the other one is foreign", &Security{true, certificate(foreign.node(t, "n1")), ca.pool}, ca.security(n2, true), "unknown authority", "bad certificate"},
		{"the other one is somebody else", ca.security(ca.node(t, "n3"), true), ca.security(n2, true), "that of node n3, and node n1 is meant", "bad certificate"},
		{"plain to required", ca.security(n1, true), nil, "", "sends in the clear"},
		{"required to off", nil, ca.security(n2, true), "no TLS is spoken there", "this node does not"},
	} {
		p, began := securePort(t, c.accepts), time.Now()
		cluster := NewClusterID()
		p.SetCluster(cluster)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		conn, err := c.dials.dial(ctx, p.Addr().String(), preamble{service: Raft, cluster: cluster, target: "n1"}, "n1")
		cancel()
		if c.dials == nil {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			_, err = (&plainConn{Conn: conn}).Read(make([]byte, 1))
			if !errors.Is(err, errWantsTLS) {
				t.Errorf("%s: the dialling side says %v", c.name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.dialler) {
			t.Errorf("%s: the dialling side says %v, want %q", c.name, err, c.dialler)
		}
		err = wait.For(t.Context(), "the accepting side says so, too", func(context.Context) error {
			if slices.ContainsFunc(p.logs.All(), func(e observer.LoggedEntry) bool {
				text, _ := e.ContextMap()["error"].(string)
				return strings.Contains(text, c.log)
			}) {
				return nil
			}
			if time.Since(began) > patience {
				return wait.Hopeless(fmt.Errorf("it says %v, want %q", p.logs.All(), c.log))
			}
			return errors.New("not yet")
		})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func certificate(c *tls.Certificate) func() *tls.Certificate {
	return func() *tls.Certificate { return c }
}

func TestRemovedNodesLoseTheirConnectionsAndGetNoNewOnes(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	n2 := ca.security(ca.node(t, "n2"), true)
	p := securePort(t, ca.security(ca.node(t, "n1"), true))
	cluster := NewClusterID()
	p.SetCluster(cluster)
	conn, accepted, err := admitted(t, p, n2, cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer accepted.Close()
	p.DropRemoved()
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatalf("a member's connection was dropped: %v", err)
	}
	gone := "n2"
	p.removed.Store(&gone)
	p.DropRemoved()
	conn.SetDeadline(time.Now().Add(patience))
	if !hungUp(conn) {
		t.Error("the connection is still open")
	}
	if err := exchange(t, p, n2, cluster); err == nil || !strings.Contains(err.Error(), "was removed from the cluster") {
		t.Errorf("a removed node is told %v", err)
	}
	// It may still ask, by RPC, what has become of it.
	rpc, err := n2.dial(t.Context(), p.Addr().String(), preamble{service: RPC}, "")
	if err != nil {
		t.Fatal(err)
	}
	rpc.Close()
	if err := exchange(t, p, ca.security(ca.node(t, "n3"), true), cluster); err != nil {
		t.Errorf("another node: %v", err)
	}
}

func TestRenewedCertificatesCountFromTheNextConnectionOn(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cluster := NewClusterID()
	accepts, shownThere := renewable(ca.node(t, "n1"), ca.pool(), true)
	dials, shownHere := renewable(ca.node(t, "n2"), ca.pool(), true)
	p := securePort(t, accepts)
	p.SetCluster(cluster)
	for round := range 3 {
		if err := exchange(t, p, dials, cluster); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		shownThere.Store(ca.node(t, "n1"))
		shownHere.Store(ca.node(t, "n2"))
	}
	shownThere.Store(ca.node(t, "n9"))
	if err := exchange(t, p, dials, cluster); !errors.Is(err, ErrCertificate) {
		t.Errorf("another node's certificate: %v", err)
	}
}

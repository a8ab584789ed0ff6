package pki

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cluster/transport"
)

func TestCertificatesAreWhatNodesAndOperatorsNeed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	made, err := NewAuthority("authority", 48*time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := LoadAuthority(made)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(made.Certificate)
	security := &transport.Security{Authorities: func() *x509.CertPool { return pool }}
	issue := func(r Request) *tls.Certificate {
		t.Helper()
		r.Life = NodeLife
		pair, err := a.Issue(r, now)
		if err != nil {
			t.Fatal(err)
		}
		c, err := tls.X509KeyPair(pair.Certificate, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		if c.Leaf.NotAfter.After(a.Until()) {
			t.Errorf("%+v: it outlives its authority", r)
		}
		return &c
	}
	for _, id := range []string{"n1", `n"1/%`, "节点"} {
		node := issue(Request{Node: id, Hosts: []string{"10.0.0.1", "db1.example.com"}})
		if err := security.CheckOwn(node, id); err != nil {
			t.Errorf("node %q: %v", id, err)
		}
		if err := security.CheckOwn(node, id+"x"); err == nil {
			t.Errorf("node %q is taken for another one", id)
		}
		for _, host := range []string{"10.0.0.1", "db1.example.com"} {
			if err := node.Leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		if name := Operator(node.Leaf); name != "node:"+id {
			t.Errorf("a node is called %q", name)
		}
	}
	operator := issue(Request{Operator: "alice"})
	if name := Operator(operator.Leaf); name != "alice" {
		t.Errorf("an operator is called %q", name)
	}
	if err := security.CheckOwn(operator, "alice"); err == nil {
		t.Error("an operator is taken for a node")
	}
	if _, err := operator.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}); err == nil {
		t.Error("an operator can be a server")
	}
	if _, err := a.Issue(Request{Node: "n1", Life: NodeLife}, now.Add(72*time.Hour)); err == nil {
		t.Error("an authority that has ended signs")
	}
	pair, err := a.Issue(Request{Node: "n1", Life: NodeLife}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAuthority(pair); err == nil {
		t.Error("a node's certificate is taken for an authority")
	}
}

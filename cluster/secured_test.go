package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/cluster/transport"
)

// securing makes nodes' connections need certificates, which all are of one authority.
func securing(t *testing.T) func(*Config) {
	t.Helper()
	authorityKey, authority := certificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}, nil, nil)
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	return func(cfg *Config) {
		key, signed := certificate(t, &x509.Certificate{
			URIs: []*url.URL{transport.NodeURI(cfg.NodeID)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		}, authority, authorityKey)
		shown := &tls.Certificate{Certificate: [][]byte{signed.Raw}, PrivateKey: key}
		cfg.Security = &transport.Security{
			Required: true, Certificate: func() *tls.Certificate { return shown }, Authorities: func() *x509.CertPool { return pool },
		}
	}
}

// certificate makes what template describes, signed by itself without an authority.
func certificate(t *testing.T, template, authority *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if authority == nil {
		authority, signer = template, key
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signed, err := x509.CreateCertificate(rand.Reader, template, authority, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	return key, parsed
}

func TestWhatGossipSaysOfAMemberIsNotBelievedWhereNodesHaveCertificates(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, securing(t))
	leader, others := split(t, nodes)
	victim := others[0]
	truth, ok := leader.machine.Node(victim.ID())
	if !ok {
		t.Fatalf("%s is not known", victim.ID())
	}
	started, ok := victim.member.Load().book.record(victim.ID())
	if !ok {
		t.Fatalf("%s does not know itself", victim.ID())
	}
	// This is what a packet of anybody to the gossip port makes memberlist say.
	const elsewhere = "127.0.0.1:1"
	forged := record{info: started.info, starts: 1 << 40}
	forged.info.Cluster, forged.info.HTTP, forged.info.Version = elsewhere, elsewhere, "9.9"
	meta, err := proto.Marshal(forged.proto())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		m := n.member.Load()
		for _, tell := range []func(*memberlist.Node){m.gossip.NotifyJoin, m.gossip.NotifyUpdate} {
			tell(&memberlist.Node{Name: victim.ID(), Meta: meta})
		}
		if tried := slices.Contains(m.announceTargets(), elsewhere); tried != (n != victim) {
			t.Errorf("%s tries what gossip says: %t", n.ID(), tried)
		}
		if r, known := m.book.record(victim.ID()); known && r.starts != started.starts {
			t.Errorf("%s believes in %+v", n.ID(), r)
		}
	}
	if err := leader.member.Load().reconcileMembers(within(t, patience)); err != nil {
		t.Error(err)
	}
	if now, _ := leader.machine.Node(victim.ID()); now != truth {
		t.Errorf("the state has %+v, it had %+v", now, truth)
	}
	for _, n := range nodes {
		m := n.member.Load()
		m.announceRound(within(t, patience))
		if other, differs := m.otherRelease(); differs {
			t.Errorf("%s takes %s for one of release %s", n.ID(), other.ID, other.Version)
		}
	}
	select {
	case err := <-victim.Fatal():
		t.Errorf("%s must stop: %v", victim.ID(), err)
	default:
	}
	// It starts again, elsewhere, and is found.
	i := slices.Index(nodes, victim)
	closeNode(t, victim)
	nodes[i] = openNode(t, victim.cfg)
	waitReady(t, nodes[i])
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
}

func TestAllNodesWithCertificatesComeBackOnOtherAddresses(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, securing(t))
	for _, n := range nodes {
		closeNode(t, n)
	}
	for i, n := range nodes {
		nodes[i] = openNode(t, n.cfg)
		join(t, nodes[i], nodes[0].Addr())
	}
	waitReady(t, nodes...)
	waitVoters(t, nodes...)
	waitAddresses(t, nodes)
}

// Anybody can name its address in gossip, and its certificate is still valid.
func TestARemovedNodeIsNotBelievedWhenItAnswers(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, securing(t))
	leader, others := split(t, nodes)
	gone := others[0]
	if err := leader.Remove(within(t, patience), gone.ID()); err != nil {
		t.Fatal(err)
	}
	m := leader.member.Load()
	eventually(t, "the removal to be known", func() error {
		if !m.machine.Removed(gone.ID()) {
			return errors.New("it is not")
		}
		return nil
	})
	eventually(t, "an answer", func() error {
		err := m.announceTo(within(t, patience), gone.Addr())
		if err != nil && strings.Contains(err.Error(), "which was removed from the cluster, answers") {
			return nil
		}
		if err == nil {
			t.Fatal("what it answers is believed")
		}
		return err
	})
}

package cluster

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	dto "github.com/prometheus/client_model/go"

	"github.com/mysqlda/mysqlda/cluster/transport"
)

// maxGarbageAllocation is what all the garbage of the test may make the nodes
// allocate, in bytes: some length prefixes claim gigabytes.
const maxGarbageAllocation = 256 << 20

func TestGarbageOnTheInternodeAndGossipPortsHarmsNothing(t *testing.T) {
	// The term must stay, also where other tests take all processors for a while.
	nodes := startCluster(t, 3, func(cfg *Config) { cfg.Raft = RaftConfig{} })
	leader, _ := split(t, nodes)
	m := leader.member.Load()
	term := leader.Status().Term
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)

	random := make([]byte, 4096)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	raftHello := append([]byte{'R', 1}, m.clusterID[:]...)
	raftHello = append(append(raftHello, byte(len(leader.ID()))), leader.ID()...)
	otherCluster := transport.NewClusterID()
	huge := []byte{0xdd, 0xff, 0xff, 0xff, 0xff} // msgpack: an array of 2^32-1
	label, err := memberlistLabel(m.clusterID.String())
	if err != nil {
		t.Fatal(err)
	}
	internode := map[string][]byte{
		"nothing":              nil,
		"random bytes":         random,
		"an HTTP request":      []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"half a preamble":      {'R'},
		"another version":      {'R', 9},
		"another cluster":      append([]byte{'R', 1}, otherCluster[:]...),
		"another node":         append(append([]byte{'R', 1}, m.clusterID[:]...), 2, 'n', '9'),
		"raft: random bytes":   append(bytes.Clone(raftHello), random...),
		"raft: unknown call":   append(bytes.Clone(raftHello), 0xff),
		"raft: huge array":     append(append(bytes.Clone(raftHello), 0), huge...),
		"raft: huge map":       append(bytes.Clone(raftHello), 0, 0xdf, 0xff, 0xff, 0xff, 0xff, 0xa4, 'T', 'e', 'r', 'm'),
		"raft: huge entries":   append(append(bytes.Clone(raftHello), 0, 0x81, 0xa7, 'E', 'n', 't', 'r', 'i', 'e', 's'), huge...),
		"raft: huge string":    append(bytes.Clone(raftHello), 0, 0x81, 0xdb, 0xff, 0xff, 0xff, 0xff),
		"raft: huge bytes":     append(bytes.Clone(raftHello), 0, 0x81, 0xa6, 'L', 'e', 'a', 'd', 'e', 'r', 0xc6, 0xff, 0xff, 0xff, 0xff),
		"raft: vote and stop":  append(bytes.Clone(raftHello), 1),
		"rpc: random bytes":    append([]byte{'G', 1}, random...),
		"rpc: HTTP/2 and more": append([]byte("G\x01PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x00"), random...),
		"rpc: silence":         {'G', 1},
	}
	gossip := map[string][]byte{
		"nothing":              nil,
		"random bytes":         random,
		"label and nothing":    label,
		"label and random":     append(bytes.Clone(label), random...),
		"push/pull, huge":      append(bytes.Clone(label), 6, 0x83, 0xa5, 'N', 'o', 'd', 'e', 's', 0xce, 0x7f, 0xff, 0xff, 0xff, 0xac, 'U', 's', 'e', 'r', 'S', 't', 'a', 't', 'e', 'L', 'e', 'n', 0xce, 0x7f, 0xff, 0xff, 0xff, 0xa4, 'J', 'o', 'i', 'n', 0xc3),
		"push/pull, negative":  append(bytes.Clone(label), 6, 0x81, 0xa5, 'N', 'o', 'd', 'e', 's', 0xff),
		"user message, huge":   append(bytes.Clone(label), 8, 0x81, 0xaa, 'U', 's', 'e', 'r', 'M', 's', 'g', 'L', 'e', 'n', 0xce, 0x7f, 0xff, 0xff, 0xff),
		"compressed, nothing":  append(bytes.Clone(label), 9),
		"a truncated label":    {244, 200, 'x'},
		"an unknown message":   append(bytes.Clone(label), 0xee),
		"alive, of nobody":     append(bytes.Clone(label), 4, 0x91, 1), // incarnation 1, nothing else
		"alive, wrong":         append(append(bytes.Clone(label), 4), random[:64]...),
		"a user message, wild": append(append(bytes.Clone(label), 8), random[:64]...),
	}
	for _, n := range nodes {
		for name, garbage := range internode {
			throw(t, "tcp", n.Addr(), name, garbage)
		}
		at := n.member.Load().gossip.listenAddr()
		for name, garbage := range gossip {
			throw(t, "tcp", at, name, garbage)
			throw(t, "udp", at, name, garbage)
		}
		for range 2 * transport.MaxPending {
			throw(t, "tcp", n.Addr(), "half-open", []byte{'R'})
		}
		for range 2 * maxGossipStreams {
			throw(t, "tcp", at, "half-open", label[:1])
		}
	}

	for i, n := range nodes {
		resolve1(t, n, fmt.Sprintf("after-garbage-%d", i))
	}
	newcomer := openNode(t, fastConfig(t, "n4"))
	join(t, newcomer, nodes[0].Addr()) // connections that stay silent keep nobody out
	waitReady(t, newcomer)
	waitVoters(t, append(nodes, newcomer)...)
	var refused dto.Metric
	if err := m.metrics.gossipRefused.Write(&refused); err != nil || refused.GetCounter().GetValue() == 0 {
		t.Errorf("no gossip connection was refused (%v)", err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > maxGarbageAllocation {
		t.Errorf("the nodes allocated %d MiB", grown>>20)
	}
	if s := leader.Status(); s.Term != term {
		t.Errorf("the term went from %d to %d", term, s.Term)
	}
}

// throw sends bytes and leaves the connection open until the test ends.
func throw(t *testing.T, network, address, name string, garbage []byte) {
	t.Helper()
	conn, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		t.Fatalf("%s %s: %v", network, name, err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	// The node may have hung up already.
	if _, err := conn.Write(garbage); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s %s: %v", network, name, err)
	}
}

func memberlistLabel(label string) ([]byte, error) {
	return memberlist.AddLabelHeaderToPacket(nil, label)
}

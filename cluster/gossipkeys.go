package cluster

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/memberlist"
	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

const (
	gossipKeyBytes = 32 // AES-256
	maxGossipKeys  = 16
	// PlainGossip stands in a list of keys for gossip in the clear.
	PlainGossip = "plain"
)

// ErrGossipKey says that a node could not gossip with the cluster that it wants to
// join.
var ErrGossipKey = errors.New("the gossip keys do not fit")

// GossipKeys protect what nodes gossip. The first key is the one to send with, all
// are taken. One of them may be PlainGossip, for the time in which a cluster changes
// over. The zero value has that alone. It is never changed.
type GossipKeys struct {
	keys  [][]byte // PlainGossip left out
	names []string // of all, in their order; they give nothing of the keys away
}

// NewGossipKey makes a key as ParseGossipKeys reads it.
func NewGossipKey() string {
	key := make([]byte, gossipKeyBytes)
	rand.Read(key) //nolint:errcheck // crypto/rand.Read never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(key)
}

// ParseGossipKeys reads keys: each is PlainGossip or 32 bytes in base64. The error
// shows none of them.
func ParseGossipKeys(lines []string) (GossipKeys, error) {
	var g GossipKeys
	for i, line := range lines {
		name := PlainGossip
		if line != PlainGossip {
			key, err := base64.StdEncoding.DecodeString(line)
			if err != nil || len(key) != gossipKeyBytes {
				return g, fmt.Errorf("gossip key %d is not %d bytes in base64, nor %q; `mysqlda gossip keygen` makes one", i+1, gossipKeyBytes, PlainGossip)
			}
			g.keys = append(g.keys, key)
			name = keyName(key)
		}
		if slices.Contains(g.names, name) {
			return g, fmt.Errorf("gossip key %d is there twice", i+1)
		}
		g.names = append(g.names, name)
	}
	switch {
	case len(g.keys) == 0:
		return g, errors.New("there is no gossip key; `mysqlda gossip keygen` makes one")
	case len(lines) > maxGossipKeys:
		return g, fmt.Errorf("there are %d gossip keys, at most %d are allowed", len(lines), maxGossipKeys)
	}
	return g, nil
}

func keyName(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("the name of a gossip key")) // a hash takes everything
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Names are what the keys may be called in logs, in their order.
func (g GossipKeys) Names() []string {
	if len(g.names) == 0 {
		return []string{PlainGossip}
	}
	return slices.Clone(g.names)
}

// sendsPlain and takesPlain say whether gossip is in the clear.
func (g GossipKeys) sendsPlain() bool { return g.Names()[0] == PlainGossip }
func (g GossipKeys) takesPlain() bool { return slices.Contains(g.Names(), PlainGossip) }

// ring is what memberlist takes.
func (g GossipKeys) ring() (*memberlist.Keyring, error) {
	return memberlist.NewKeyring(g.keys, g.keys[0])
}

// wire is how a request to join tells the names.
func (g GossipKeys) wire() [][]byte {
	var names [][]byte
	for _, name := range g.Names() {
		names = append(names, []byte(name))
	}
	return names
}

// checkGossipKeys refuses a node that would take what this one sends for garbage, or
// send what this one takes for that. Nodes that tell nothing have no keys.
func (n *Node) checkGossipKeys(req *clusterpb.JoinRequest) error {
	ours, theirs := n.gossipKeys(), []string{PlainGossip}
	if told := req.GetGossipKeys(); len(told) > 0 {
		theirs = nil
		for _, name := range told[:min(len(told), maxGossipKeys)] {
			theirs = append(theirs, string(name))
		}
	}
	mine := ours.Names()
	if slices.Contains(mine, theirs[0]) && slices.Contains(theirs, mine[0]) {
		return nil
	}
	return fmt.Errorf("%w: node %s uses %s, the cluster %s; give it the cluster.gossip_key_file of the members",
		ErrGossipKey, req.GetMember().GetNode().GetId(), keyWords(theirs), keyWords(mine))
}

// keyWords are for people. What another node tells is shown in quotes.
func keyWords(names []string) string {
	if slices.Equal(names, []string{PlainGossip}) {
		return "no key"
	}
	return fmt.Sprintf("the keys named %q", strings.Join(names, " "))
}

func (n *Node) gossipKeys() GossipKeys {
	if n.cfg.GossipKeys == nil {
		return GossipKeys{}
	}
	return n.cfg.GossipKeys()
}

// useKeys makes memberlist use other keys. Whether gossip in the clear is taken or
// sent is settled when the node starts: memberlist reads that without a lock.
func (g *gossip) useKeys(next GossipKeys) error {
	if slices.Equal(g.keys.Names(), next.Names()) {
		return nil
	}
	if g.keys.takesPlain() != next.takesPlain() || g.keys.sendsPlain() != next.sendsPlain() {
		g.logger.Warn("the word plain in the file of gossip keys counts from the next start of this node on", zap.String("word", PlainGossip))
	}
	for _, key := range next.keys {
		if err := g.ring.AddKey(key); err != nil {
			return err
		}
	}
	if err := g.ring.UseKey(next.keys[0]); err != nil {
		return err
	}
	for _, key := range g.ring.GetKeys() {
		if !slices.ContainsFunc(next.keys, func(k []byte) bool { return bytes.Equal(k, key) }) {
			if err := g.ring.RemoveKey(key); err != nil {
				return err
			}
		}
	}
	g.keys = next
	g.logger.Info("gossip keys changed", zap.Strings("names", next.Names()))
	return nil
}

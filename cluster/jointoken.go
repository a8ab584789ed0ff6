package cluster

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
)

// ErrJoinToken says that a node showed no token that lets it join.
var ErrJoinToken = errors.New("joining needs another token")

const (
	joinKeyBytes     = 32
	maxJoinKeys      = 16
	joinTokenPrefix  = "mysqlda-join-1."
	maxJoinTokenText = 1024
)

// JoinKeys sign and check the tokens with which nodes join. The first key signs, all
// are good for checking. The members hold them; who has one can make tokens.
//
// A token is signed and not kept anywhere, so none is lost with a node and none has to
// be cleaned up. One for a certain node is good for one node all the same: an id is
// taken as soon as it has joined, and never comes back after it was removed.
type JoinKeys struct{ keys [][]byte }

// NewJoinKey makes a key as ParseJoinKeys reads it.
func NewJoinKey() string {
	key := make([]byte, joinKeyBytes)
	rand.Read(key) //nolint:errcheck // crypto/rand.Read never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(key)
}

// ParseJoinKeys reads keys, each 32 bytes in base64. The error shows none of them.
func ParseJoinKeys(lines []string) (JoinKeys, error) {
	var k JoinKeys
	for i, line := range lines {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != joinKeyBytes {
			return k, fmt.Errorf("key %d is not %d bytes in base64; `mysqlda token keygen` makes one", i+1, joinKeyBytes)
		}
		k.keys = append(k.keys, key)
	}
	switch n := len(k.keys); {
	case n == 0:
		return k, errors.New("there is no key; `mysqlda token keygen` makes one")
	case n > maxJoinKeys:
		return k, fmt.Errorf("there are %d keys, at most %d are allowed", n, maxJoinKeys)
	}
	return k, nil
}

// joinClaim is what a token says.
type joinClaim struct {
	Node  string `json:"node,omitempty"` // id that may join, "" for any
	Until int64  `json:"until"`          // Unix time
	ID    string `json:"id"`             // so that no two tokens are the same
}

// Token makes a token with which the node of that id, or any if it is "", may join
// until then.
func (k JoinKeys) Token(node string, until time.Time) (string, error) {
	claim, err := json.Marshal(joinClaim{Node: node, Until: until.Unix(), ID: rand.Text()})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return joinTokenPrefix + encode(claim) + "." + encode(signClaim(k.keys[0], claim)), nil
}

func signClaim(key, claim []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(joinTokenPrefix)) // a hash takes everything
	mac.Write(claim)
	return mac.Sum(nil)
}

// Check says why the token does not let the node join now; nil if it does. The error
// wraps ErrJoinToken and shows nothing of the token but what it says.
func (k JoinKeys) Check(token, node string, now time.Time) error {
	claim, err := k.open(token)
	if err != nil {
		return err
	}
	if until := time.Unix(claim.Until, 0); now.After(until) {
		return fmt.Errorf("%w: that of node %s was good until %s (here it is %s)", ErrJoinToken, node, until.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if claim.Node != "" && claim.Node != node {
		return fmt.Errorf("%w: it is for node %q, and node %q shows it", ErrJoinToken, claim.Node, node)
	}
	return nil
}

func (k JoinKeys) open(token string) (joinClaim, error) {
	var claim joinClaim
	bad := fmt.Errorf("%w: it is damaged, or not one of this cluster's", ErrJoinToken)
	text, ok := strings.CutPrefix(token, joinTokenPrefix)
	first, second, both := strings.Cut(text, ".")
	if !ok || !both || len(token) > maxJoinTokenText {
		return claim, bad
	}
	said, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return claim, bad
	}
	signature, err := base64.RawURLEncoding.DecodeString(second)
	if err != nil {
		return claim, bad
	}
	signed := false
	for _, key := range k.keys {
		signed = hmac.Equal(signature, signClaim(key, said)) || signed
	}
	if !signed || json.Unmarshal(said, &claim) != nil {
		return joinClaim{}, bad
	}
	return claim, nil
}

// JoinTokens says which nodes need a token to join.
type JoinTokens struct {
	Keys func() JoinKeys // at the moment; must not block
	// Always wants a token of nodes with a certificate as well.
	Always bool
}

// checkJoinToken refuses a node that shows no token, if it needs one. Peer is the node
// whose certificate the call came with, "" for none.
func (n *Node) checkJoinToken(peer string, md metadata.MD, req *clusterpb.JoinRequest) error {
	rule := n.cfg.JoinTokens
	id := req.GetMember().GetNode().GetId()
	switch {
	case rule == nil:
		return nil
	case peer != "" && !rule.Always && (peer == id || n.passedOn(peer, md)):
		return nil
	case req.GetToken() == "":
		return fmt.Errorf("%w: node %s shows none; `mysqlda token create --node %s` on a member makes one, and `mysqlda start` and `mysqlda join` take it with --join-token-file", ErrJoinToken, id, id)
	}
	return rule.Keys().Check(req.GetToken(), id, time.Now())
}

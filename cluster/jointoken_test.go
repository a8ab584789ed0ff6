package cluster

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func joinKeys(t *testing.T, lines ...string) JoinKeys {
	t.Helper()
	keys, err := ParseJoinKeys(lines)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestJoinTokensAreGoodForWhatTheySay(t *testing.T) {
	t.Parallel()
	first, second := NewJoinKey(), NewJoinKey()
	keys := joinKeys(t, first)
	now := time.Now()
	token := func(k JoinKeys, node string) string {
		text, err := k.Token(node, now.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := token(keys, "n4")
	head, tail, _ := strings.Cut(strings.TrimPrefix(good, joinTokenPrefix), ".")
	claim, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claim), "n4", "n5", 1)))
	for _, c := range []struct {
		name, token, node string
		at                time.Time
		says              string // "" if it is good
	}{
		{"its node", good, "n4", now, ""},
		{"another node", good, "n5", now, `it is for node "n4"`},
		{"any node", token(keys, ""), "n5", now, ""},
		{"too late", good, "n4", now.Add(2 * time.Hour), "was good until"},
		{"an older key", token(keys, "n4"), "n4", now, ""},
		{"another cluster's", token(joinKeys(t, NewJoinKey()), "n4"), "n4", now, "not one of this cluster's"},
		{"forged", joinTokenPrefix + forged + "." + tail, "n5", now, "not one"},
		{"cut off", good[:len(good)-1], "n4", now, "not one"},
		{"without a signature", joinTokenPrefix + head + ".", "n4", now, "not one"},
		{"garbage", "garbage", "n4", now, "not one"},
		{"huge", joinTokenPrefix + strings.Repeat("a", 2000) + "." + tail, "n4", now, "not one"},
	} {
		err := joinKeys(t, second, first).Check(c.token, c.node, c.at)
		switch {
		case c.says == "" && err != nil, c.says != "" && (!errors.Is(err, ErrJoinToken) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		case err != nil && strings.Contains(err.Error(), tail):
			t.Errorf("%s: the error shows the token: %v", c.name, err)
		}
	}
	for _, lines := range [][]string{{}, {"x"}, {first[:20]}} {
		if _, err := ParseJoinKeys(lines); err == nil {
			t.Errorf("keys %q were taken", lines)
		}
	}
}

func FuzzJoinToken(f *testing.F) {
	keys, err := ParseJoinKeys([]string{NewJoinKey()})
	if err != nil {
		f.Fatal(err)
	}
	good, err := keys.Token("n4", time.Now().Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	other, err := ParseJoinKeys([]string{NewJoinKey()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(joinTokenPrefix + ".")
	f.Fuzz(func(t *testing.T, token string) {
		if err := other.Check(token, "n4", time.Now()); err == nil {
			t.Errorf("%q was taken", token)
		}
	})
}

func TestNodesNeedATokenAsTheConfigSays(t *testing.T) {
	t.Parallel()
	keys := joinKeys(t, NewJoinKey())
	good, err := keys.Token("n4", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		needed      bool // a token, by config
		always      bool
		peer, token string
		refused     bool
	}{
		{"none needed", false, false, "", "", false},
		{"none shown", true, false, "", "", true},
		{"shown", true, false, "", good, false},
		{"wrong", true, false, "", good + "x", true},
		{"with its certificate", true, false, "n4", "", false},
		{"with another node's certificate", true, false, "n5", "", true},
		{"with its certificate, where both are needed", true, true, "n4", "", true},
		{"with both", true, true, "n4", good, false},
	} {
		n := &Node{}
		if c.needed {
			n.cfg.JoinTokens = &JoinTokens{Keys: func() JoinKeys { return keys }, Always: c.always}
		}
		req := &clusterpb.JoinRequest{Member: &clusterpb.Member{Node: &fsmpb.Node{Id: "n4"}}, Token: c.token}
		err := n.checkJoinToken(c.peer, metadata.MD{}, req)
		if refused := err != nil; refused != c.refused || refused && !errors.Is(err, ErrJoinToken) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

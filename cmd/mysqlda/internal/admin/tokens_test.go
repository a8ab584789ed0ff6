package admin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTokenFilesAreRefusedWithoutShowingThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, says string }{
		{"alice:" + aliceToken + "\n# a comment\nbob:" + bobToken + "\n", ""},
		{"", "holds no token"},
		{"# nothing\n", "holds no token"},
		{aliceToken, "token 1 is not NAME:TOKEN"},
		{"alice:" + aliceToken + "\nbob:short-secret", "token 2, of bob, must have 16"},
		{"al ice:" + aliceToken, "token 1 is not NAME:TOKEN"},
		{"alice:0123456789 abcdef", "must have"},
		{"mysqlda:" + aliceToken, "token 1: this name is reserved"},
		{"alice:" + strings.Repeat("x", maxTokenBytes+1), "must have"},
	} {
		path := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadTokens(path)
		switch {
		case c.says == "" && err != nil, c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%q: %v, want %q", c.text, err, c.says)
		case err != nil && (strings.Contains(err.Error(), "0123456789") || strings.Contains(err.Error(), "short-secret")):
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	token, err := NewToken("alice")
	if err != nil || len(token.Token) < minTokenBytes {
		t.Errorf("%d bytes, %v", len(token.Token), err)
	}
	if _, err := NewToken("a:b"); err == nil {
		t.Error("a name with a colon was taken")
	}
}

func TestABadTokenDoesNotTakeTheOthersAlong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte("eve\nalice:"+aliceToken+"\nmallory:short\nbob:"+bobToken), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := ReadTokens(path)
	if err == nil || !strings.Contains(err.Error(), "token 1 is not") || !strings.Contains(err.Error(), "1 more") {
		t.Errorf("said %v", err)
	}
	if want := []Token{{"alice", aliceToken}, {"bob", bobToken}}; !slices.Equal(tokens, want) {
		t.Errorf("%q", tokens)
	}
}

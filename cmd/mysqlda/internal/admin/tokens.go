package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/fsm"
)

// Bounds of a file of operators' tokens.
const (
	maxTokens      = 1000
	minTokenBytes  = 16
	maxTokenBytes  = 256
	newTokenRandom = 32 // bytes
)

// Token is one line of a file of operators' tokens, NAME:TOKEN.
type Token struct {
	Name  string // of the operator; several tokens may have the same
	Token Password
}

// NewToken makes a token that nobody can guess.
func NewToken(name string) (Token, error) {
	if err := checkOperator(name); err != nil {
		return Token{}, err
	}
	random := make([]byte, newTokenRandom)
	rand.Read(random) //nolint:errcheck // crypto/rand.Read never fails: it ends the program instead
	return Token{name, Password(base64.RawURLEncoding.EncodeToString(random))}, nil
}

func checkOperator(name string) error {
	err := fsm.CheckName("the operator's name", name, fsm.MaxNameLen)
	if err == nil && strings.Contains(name, ":") {
		err = fmt.Errorf("%w: the operator's name has a colon in it", fsm.ErrBadName)
	}
	return err
}

// ReadTokens reads a file of operators' tokens. Its errors name lines, not what is in
// them.
func ReadTokens(path string) ([]Token, error) {
	lines, err := secretfile.Lines(path)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s holds no token: it needs lines NAME:TOKEN, `mysqlda token operator NAME` makes one", path)
	}
	if len(lines) > maxTokens {
		return nil, fmt.Errorf("%s holds %d tokens, at most %d are allowed", path, len(lines), maxTokens)
	}
	tokens := make([]Token, 0, len(lines))
	for i, line := range lines {
		name, secret, found := strings.Cut(line, ":")
		if !found || checkOperator(name) != nil {
			return nil, fmt.Errorf("%s: token %d is not NAME:TOKEN", path, i+1)
		}
		if len(secret) < minTokenBytes || len(secret) > maxTokenBytes || strings.ContainsFunc(secret, badInToken) {
			return nil, fmt.Errorf("%s: token %d, of %s, must have %d to %d printable characters without space; `mysqlda token operator %s` makes one",
				path, i+1, name, minTokenBytes, maxTokenBytes, name)
		}
		tokens = append(tokens, Token{name, Password(secret)})
	}
	return tokens, nil
}

// TokenOfLine takes the token out of NAME:TOKEN; a line without a name is a token.
func TokenOfLine(line string) Password {
	if _, secret, found := strings.Cut(line, ":"); found {
		return Password(secret)
	}
	return Password(line)
}

func badInToken(r rune) bool { return r <= ' ' || r > '~' }

// TokenSet finds the operator of a token. It keeps hashes only.
type TokenSet struct {
	names  []string
	hashes [][sha256.Size]byte
}

// NewTokenSet makes a set of those tokens.
func NewTokenSet(tokens []Token) *TokenSet {
	s := &TokenSet{}
	for _, t := range tokens {
		s.names = append(s.names, t.Name)
		s.hashes = append(s.hashes, sha256.Sum256([]byte(t.Token)))
	}
	return s
}

// operator returns the name that goes with a token. How long it takes tells nothing
// of the tokens of the set.
func (s *TokenSet) operator(token string) (name string, found bool) {
	hash := sha256.Sum256([]byte(token))
	for i := range s.hashes {
		if subtle.ConstantTimeCompare(hash[:], s.hashes[i][:]) == 1 {
			name, found = s.names[i], true
		}
	}
	return name, found
}

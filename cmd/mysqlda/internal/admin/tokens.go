package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
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
	if err == nil {
		err = CheckReserved(name)
	}
	return err
}

// ReadTokens reads a file of operators' tokens. Its errors name lines, not what is in
// them; beside an error it returns the tokens of the other lines.
func ReadTokens(path string) ([]Token, error) {
	lines, err := secretfile.Lines(path)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s holds no token: it needs lines NAME:TOKEN, `mysqlda token operator NAME` makes one", path)
	}
	var bad []error
	if len(lines) > maxTokens {
		bad = append(bad, fmt.Errorf("%s holds %d tokens, at most %d are allowed", path, len(lines), maxTokens))
		lines = lines[:maxTokens]
	}
	tokens := make([]Token, 0, len(lines))
	for i, line := range lines {
		token, err := readToken(line)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: token %d%w", path, i+1, err))
			continue
		}
		tokens = append(tokens, token)
	}
	if len(bad) > 1 {
		return tokens, fmt.Errorf("%w; and problems like that: %d more", bad[0], len(bad)-1)
	}
	return tokens, errors.Join(bad...)
}

// readToken reads a line. Its error goes behind the number of the token.
func readToken(line string) (Token, error) {
	name, secret, found := strings.Cut(line, ":")
	if err := checkOperator(name); found && errors.Is(err, ErrReserved) {
		return Token{}, fmt.Errorf(": %w", err)
	} else if !found || err != nil {
		return Token{}, errors.New(" is not NAME:TOKEN")
	}
	if len(secret) < minTokenBytes || len(secret) > maxTokenBytes || strings.ContainsFunc(secret, badInToken) {
		return Token{}, fmt.Errorf(", of %s, must have %d to %d printable characters without space; `mysqlda token operator %s` makes one",
			name, minTokenBytes, maxTokenBytes, name)
	}
	return Token{name, Password(secret)}, nil
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

// Len is how many tokens there are.
func (s *TokenSet) Len() int { return len(s.names) }

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

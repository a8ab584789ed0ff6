package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Variable is the environment variable that may hold the keys instead of a file.
const Variable = "MYSQLDA_SECRET_KEY"

// keyLen is the length of a key in bytes: AES-256.
const keyLen = 32

// maxKeys bounds the keys of a node.
const maxKeys = 16

// Key seals secrets. It does not show itself.
type Key [keyLen]byte

// NewKey makes a key up.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails: it ends the process instead
	return k
}

// ID names the key without telling anything of it: eight hex digits.
func (k Key) ID() string {
	sum := sha256.Sum256(append([]byte("mysqlda key id\x00"), k[:]...))
	return hex.EncodeToString(sum[:4])
}

// Text is the key as it stands in a file: base64. It is a secret.
func (k Key) Text() string { return base64.StdEncoding.EncodeToString(k[:]) }

// String implements fmt.Stringer. It tells the id only.
func (k Key) String() string { return "key " + k.ID() }

// GoString implements fmt.GoStringer, as String.
func (k Key) GoString() string { return k.String() }

// ParseRing reads keys, the current one first: one a line, or separated by commas, in
// base64 or hex; empty lines and those that begin with # do not count. Errors tell the
// number of the line and nothing of what is in it.
func ParseRing(text string) (Ring, error) {
	var ring Ring
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.SplitSeq(line, ",") {
			if word = strings.TrimSpace(word); word == "" {
				continue
			}
			key, err := parseKey(word)
			switch {
			case err != nil:
				return Ring{}, fmt.Errorf("line %d: %w", i+1, err)
			case slices.Contains(ring.keys, key):
				return Ring{}, fmt.Errorf("line %d: the key %s is there twice", i+1, key.ID())
			case len(ring.keys) == maxKeys:
				return Ring{}, fmt.Errorf("line %d: more than %d keys", i+1, maxKeys)
			}
			ring.keys = append(ring.keys, key)
		}
	}
	if len(ring.keys) == 0 {
		return Ring{}, errors.New("there is no key; `mysqlda secret generate` makes one")
	}
	return ring, nil
}

func parseKey(word string) (Key, error) {
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
	} {
		if b, err := decode(word); err == nil && len(b) == keyLen {
			return Key(b), nil
		}
	}
	return Key{}, fmt.Errorf("that is no key: one has %d bytes, written in base64 or hex; `mysqlda secret generate` makes one", keyLen)
}

// Package seal encrypts the secrets that the replicated state holds and that nodes
// need in the clear to log in to servers. A sealed secret is a text that stands in the
// place of the clear one: in commands, the log, snapshots and backups. The state machine
// only tells the two apart and never opens one, so it needs no key and stays
// deterministic; package backend opens them, and package daemon seals what comes in.
//
// The package is pure: it reads no files and knows no nodes.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// prefix begins every sealed secret; no clear one may begin so.
const prefix = "sealed:v1:"

// MaxSealedLen bounds a sealed secret of up to 255 bytes, in bytes.
const MaxSealedLen = 512

// bound is what is authenticated with every secret, so that a text that was encrypted
// with the key for something else is none.
var bound = []byte("mysqlda secret")

// ErrLocked says that a secret cannot be opened with the keys that are there.
var ErrLocked = errors.New("a sealed secret cannot be opened")

// IsSealed tells whether a secret is sealed. It does not say whether it can be opened.
func IsSealed(secret string) bool { return strings.HasPrefix(secret, prefix) }

// KeyOf is the id of the key that a secret is sealed with, "" for a clear one.
func KeyOf(secret string) string {
	rest, sealed := strings.CutPrefix(secret, prefix)
	if !sealed {
		return ""
	}
	id, _, _ := strings.Cut(rest, ":")
	return id
}

// Ring are the keys of a node: secrets are sealed with the first one and opened with
// any. The zero value has none and seals nothing. It is never changed and may be used
// from any goroutine.
type Ring struct{ keys []Key }

// NewRing makes a ring of keys, of which the first is the current one.
func NewRing(keys ...Key) Ring { return Ring{keys} }

// Current is the id of the key that secrets are sealed with, "" without one.
func (r Ring) Current() string {
	if len(r.keys) == 0 {
		return ""
	}
	return r.keys[0].ID()
}

// IDs are the ids of all keys, the current one first.
func (r Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.ID()
	}
	return ids
}

// Seal seals a clear secret. An empty one stays as it is, and without a key any does.
func (r Ring) Seal(secret string) (string, error) {
	switch {
	case IsSealed(secret):
		return "", fmt.Errorf("a password cannot begin with %q", prefix)
	case secret == "" || len(r.keys) == 0:
		return secret, nil
	}
	box, err := r.keys[0].box()
	if err != nil {
		return "", err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce) // never fails: it ends the process instead
	sealed := box.Seal(nonce, nonce, []byte(secret), bound)
	return prefix + r.keys[0].ID() + ":" + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// Open gives the clear secret, and a clear one as it is. The error wraps ErrLocked, says
// which key is missing, and holds nothing of the secret.
func (r Ring) Open(secret string) (string, error) {
	if !IsSealed(secret) {
		return secret, nil
	}
	id, text, _ := strings.Cut(strings.TrimPrefix(secret, prefix), ":")
	for _, k := range r.keys {
		if k.ID() != id {
			continue
		}
		clear, err := k.open(text)
		if err != nil {
			return "", fmt.Errorf("%w: it says that it is sealed with key %s, but that does not open it: it is damaged", ErrLocked, id)
		}
		return clear, nil
	}
	if len(r.keys) == 0 {
		return "", fmt.Errorf("%w: it is sealed with key %.8s, and this node has no key (secrets.key_file or %s)", ErrLocked, id, Variable)
	}
	return "", fmt.Errorf("%w: it is sealed with key %.8s, and this node has other keys: %s", ErrLocked, id, strings.Join(r.IDs(), ", "))
}

func (k Key) open(text string) (string, error) {
	sealed, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", err
	}
	box, err := k.box()
	if err != nil {
		return "", err
	}
	if len(sealed) < box.NonceSize() {
		return "", errors.New("it is cut off")
	}
	clear, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], bound)
	return string(clear), err
}

func (k Key) box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", k.ID(), err)
	}
	return cipher.NewGCM(block)
}

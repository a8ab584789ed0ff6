package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what the protocol's OAEP is made with
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"sync"
)

// cachingSHA2Len is the length of a scramble of caching_sha2_password.
const cachingSHA2Len = 32

// What caching_sha2_password says behind markMoreData, and what the client asks.
const (
	fastAuthDone = 0x03 // the scramble was right
	fullAuth     = 0x04 // send the password itself
	askKey       = 0x02 // send the public key first
)

// finishCachingSHA2 ends an authentication whose scramble is known to be right or
// not. We know what a scramble is checked with, so it decides at once; but a client
// whose scramble is wrong is asked for the password itself, as servers do that do
// not know it: over TLS in the clear, else encrypted with our key. Some clients
// are only ever right there.
func (h *handshake) finishCachingSHA2(p proof, passwords []Verifier, right bool) (bool, error) {
	if right {
		if err := h.writePayload(markMoreData, fastAuthDone); err != nil {
			return false, fmt.Errorf("send fast authentication: %w", err)
		}
		return true, nil
	}
	if !h.agreed.TLS && h.cfg.PasswordKey == nil {
		return false, nil
	}
	if err := h.writePayload(markMoreData, fullAuth); err != nil {
		return false, fmt.Errorf("send full authentication: %w", err)
	}
	given, err := h.readPassword(p.salt)
	if errors.Is(err, io.EOF) || errors.Is(err, rsa.ErrDecryption) {
		return false, nil // a client that has no way to send it hangs up
	}
	if err != nil {
		return false, fmt.Errorf("read password: %w", err)
	}
	return isOne(bytes.TrimSuffix(given, []byte{0}), passwords), nil
}

// readPassword reads the clear password, which a NUL may end.
func (h *handshake) readPassword(salt []byte) ([]byte, error) {
	given, err := h.read()
	if err != nil || h.agreed.TLS {
		return given, err
	}
	if len(given) == 1 && given[0] == askKey {
		_, public, err := h.cfg.PasswordKey.get()
		if err != nil {
			return nil, err
		}
		if err := h.writePayload(append([]byte{markMoreData}, public...)...); err != nil {
			return nil, err
		}
		if given, err = h.read(); err != nil {
			return nil, err
		}
	}
	return h.cfg.PasswordKey.decrypt(given, salt)
}

// PasswordKey is the RSA key that clients of caching_sha2_password encrypt their
// password with where there is no TLS. The zero value makes a key when it is
// first needed, which takes a fraction of a second. It may be used by many
// handshakes at once and must not be copied.
type PasswordKey struct {
	once    sync.Once
	private *rsa.PrivateKey
	public  []byte // PEM
	err     error
}

const passwordKeyBits = 2048

func (k *PasswordKey) get() (*rsa.PrivateKey, []byte, error) {
	k.once.Do(func() {
		if k.private, k.err = rsa.GenerateKey(rand.Reader, passwordKeyBits); k.err != nil {
			k.err = fmt.Errorf("make the key for passwords: %w", k.err)
			return
		}
		der, err := x509.MarshalPKIXPublicKey(&k.private.PublicKey)
		if err != nil {
			k.err = fmt.Errorf("encode the key for passwords: %w", err)
			return
		}
		k.public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	})
	return k.private, k.public, k.err
}

// decrypt gives the clear password, which the client has mixed with the salt.
// What was not encrypted with the key is rsa.ErrDecryption.
func (k *PasswordKey) decrypt(given, salt []byte) ([]byte, error) {
	private, _, err := k.get()
	if err != nil {
		return nil, err
	}
	clear, err := rsa.DecryptOAEP(sha1.New(), nil, private, given, nil)
	if err != nil {
		return nil, err
	}
	for i := range clear {
		clear[i] ^= salt[i%len(salt)]
	}
	return clear, nil
}

package wire

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"
)

const (
	// markNextFactor begins a packet that asks for a second proof.
	markNextFactor = 0x02
	// shaSaltLen is the length of a salt but for client_ed25519, in bytes.
	shaSaltLen = 20
	// maxServerKeyBits bounds the public key of a server: the time to use it grows
	// with its length.
	maxServerKeyBits = 8192

	// What the two plugins with a public key say to each other.
	sha2FastDone     = 0x03
	sha2FullNeeded   = 0x04
	sha2RequestKey   = 0x02
	sha256RequestKey = 0x01
)

// provesAtOnce tells whether a plugin's proof may go into the login packet itself.
// A plugin that wants the password as it is has to ask for it.
func provesAtOnce(plugin string) bool {
	switch plugin {
	case mysql.AUTH_NATIVE_PASSWORD, mysql.AUTH_CACHING_SHA2_PASSWORD, mysql.AUTH_SHA256_PASSWORD:
		return true
	default:
		return false
	}
}

// authenticate follows the server to its final OK and returns the status in it.
func (c *connecting) authenticate() (status uint16, err error) {
	for range maxAuthSteps {
		payload, err := c.read()
		if err != nil {
			return 0, fmt.Errorf("read the answer to the login: %w", err)
		}
		switch payload[0] {
		case markOK:
			return okStatus(payload)
		case markErr:
			return 0, ParseServerError(payload)
		case markEOF:
			err = c.switchPlugin(payload[1:])
		case markMoreData:
			err = c.goOn(payload[1:])
		case markNextFactor:
			err = fmt.Errorf("%w: the server asks for another factor beside the password", ErrAuthMethod)
		default:
			err = fmt.Errorf("%w: an answer to the login that begins with %#x", ErrNoServer, payload[0])
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%w: the login does not end", ErrNoServer)
}

// okStatus is the status in an OK packet.
func okStatus(payload []byte) (uint16, error) {
	r := reader{b: payload}
	r.skip(1)
	r.lenenc() // affected rows
	r.lenenc() // last insert id
	status := r.uint16()
	if r.bad {
		return 0, fmt.Errorf("%w: an OK packet of %d bytes", ErrNoServer, len(payload))
	}
	return status, nil
}

// switchPlugin answers the request to prove anew with another plugin, or with the
// same one over another salt.
func (c *connecting) switchPlugin(request []byte) error {
	if len(request) == 0 {
		return fmt.Errorf("%w: the server asks for the password form of MySQL before 4.1", ErrAuthMethod)
	}
	name, salt, ok := bytes.Cut(request, []byte{0})
	if !ok {
		return fmt.Errorf("%w: a broken request for another plugin", ErrNoServer)
	}
	c.plugin, c.salt, c.awaitKey = string(name), salt, false
	if len(salt) != ed25519SaltLen { // no NUL ends that one, and its last byte may be one
		c.salt = trimNUL(salt)
	}
	proof, err := c.proof()
	if err != nil {
		return err
	}
	return c.sendProof(proof)
}

// proof is what convinces the server for the plugin and the salt of the moment.
func (c *connecting) proof() ([]byte, error) {
	password := []byte(c.cfg.Password)
	switch c.plugin {
	case mysql.AUTH_NATIVE_PASSWORD:
		salt, err := c.saltOf(shaSaltLen)
		if err != nil {
			return nil, err
		}
		return mysql.CalcNativePassword(salt, password), nil
	case mysql.AUTH_CACHING_SHA2_PASSWORD:
		salt, err := c.saltOf(shaSaltLen)
		if err != nil {
			return nil, err
		}
		return mysql.CalcCachingSha2Password(salt, password), nil
	case mysql.AUTH_SHA256_PASSWORD:
		if len(password) == 0 || c.overTLS() {
			return append(password, 0), nil
		}
		c.awaitKey = true
		return []byte{sha256RequestKey}, nil
	case mysql.AUTH_MARIADB_ED25519:
		salt, err := c.saltOf(ed25519SaltLen)
		if err != nil {
			return nil, err
		}
		proof, err := mysql.CalcEd25519Password(salt, c.cfg.Password)
		if err != nil {
			return nil, fmt.Errorf("%w with %s: %w", ErrAuthMethod, c.plugin, err)
		}
		return proof, nil
	case mysql.AUTH_CLEAR_PASSWORD:
		if !c.overTLS() {
			return nil, fmt.Errorf("%w: the server asks for the password in the clear (%s), which is given over TLS only", ErrAuthMethod, c.plugin)
		}
		return append(password, 0), nil
	default:
		return nil, fmt.Errorf("%w: the server asks for plugin %q, which is not supported", ErrAuthMethod, clip(c.plugin, maxServerVersion))
	}
}

// saltOf is the salt if it has the length that the plugin wants.
func (c *connecting) saltOf(length int) ([]byte, error) {
	if len(c.salt) != length {
		return nil, fmt.Errorf("%w: a salt of %d bytes for %s, which has %d", ErrNoServer, len(c.salt), c.plugin, length)
	}
	return c.salt, nil
}

// goOn answers what a plugin of the server says in the middle of its exchange.
func (c *connecting) goOn(data []byte) error {
	switch {
	case c.awaitKey:
		c.awaitKey = false
		return c.sendEncrypted(data)
	case c.plugin == mysql.AUTH_CACHING_SHA2_PASSWORD && len(data) == 1 && data[0] == sha2FastDone:
		return nil
	case c.plugin == mysql.AUTH_CACHING_SHA2_PASSWORD && len(data) == 1 && data[0] == sha2FullNeeded:
		if c.overTLS() {
			return c.sendProof(append([]byte(c.cfg.Password), 0))
		}
		c.awaitKey = true
		return c.sendProof([]byte{sha2RequestKey})
	default:
		return fmt.Errorf("%w: %d unexpected bytes of plugin %s", ErrNoServer, len(data), c.plugin)
	}
}

// sendEncrypted sends the password so that only the holder of the key that
// belongs to this one can read it.
func (c *connecting) sendEncrypted(publicKey []byte) error {
	key, err := parseServerKey(publicKey)
	if err != nil {
		return err
	}
	salt, err := c.saltOf(shaSaltLen)
	if err != nil {
		return err
	}
	secret, err := mysql.EncryptPassword(c.cfg.Password, salt, key)
	if err != nil {
		return fmt.Errorf("%w: encrypt the password with the server's key: %w", ErrAuthMethod, err)
	}
	return c.sendProof(secret)
}

func parseServerKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: its public key is none", ErrNoServer)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: its public key: %w", ErrNoServer, err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() > maxServerKeyBits {
		return nil, fmt.Errorf("%w: its public key is not an RSA key of at most %d bits", ErrNoServer, maxServerKeyBits)
	}
	return key, nil
}

func (c *connecting) sendProof(proof []byte) error {
	if err := c.write(proof); err != nil {
		return fmt.Errorf("send the proof of plugin %s: %w", c.plugin, err)
	}
	return nil
}

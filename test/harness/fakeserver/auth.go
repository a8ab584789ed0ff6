package fakeserver

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what the protocol's OAEP is made with
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"filippo.io/edwards25519"
	"github.com/go-mysql-org/go-mysql/mysql"
)

// Accept answers a login, or whatever came last, with OK.
func Accept() Step {
	return func(c *Conn) error { return c.Write(OK{}.Payload(c.Capabilities())) }
}

// Refuse answers a login with the error that servers give for a wrong password.
func Refuse() Step {
	return func(c *Conn) error { return c.Write(Err(1045, "28000", "Access denied for user")) }
}

// decide accepts or refuses, and fails where the client's proof is wrong.
func decide(c *Conn, plugin string, right bool) error {
	if right {
		return Accept()(c)
	}
	return errors.Join(fmt.Errorf("the client does not prove the password with %s", plugin), Refuse()(c))
}

// Switch asks the client to log in anew with a plugin over data, and gives the
// answer to check, which may be nil.
func Switch(plugin string, data []byte, check func(answer []byte) error) Step {
	return func(c *Conn) error {
		answer, err := c.switchTo(plugin, data)
		if err != nil || check == nil {
			return err
		}
		return check(answer)
	}
}

func (c *Conn) switchTo(plugin string, data []byte) ([]byte, error) {
	request := append(append([]byte{markEOF}, plugin...), 0)
	if err := c.Write(append(append(request, data...), 0)); err != nil {
		return nil, err
	}
	answer, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("wait for the answer to the switch to %s: %w", plugin, err)
	}
	return answer, nil
}

// proof is the client's scramble for a plugin, after a switch where the login was
// meant for another.
func (c *Conn) proof(plugin string) (salt, proof []byte, err error) {
	if c.Login.Plugin == plugin && c.Greeting.Plugin == plugin {
		return c.Greeting.Salt, c.Login.Auth, nil
	}
	salt = newSalt(saltLen)
	proof, err = c.switchTo(plugin, salt)
	return salt, proof, err
}

// Native checks the password with mysql_native_password and answers the login.
func Native(password string) Step {
	return func(c *Conn) error {
		salt, proof, err := c.proof(PluginNative)
		if err != nil {
			return err
		}
		return decide(c, PluginNative, bytes.Equal(proof, mysql.CalcNativePassword(salt, []byte(password))))
	}
}

// CachingSHA2Fast checks the password with caching_sha2_password as a server does
// that has it in its cache.
func CachingSHA2Fast(password string) Step {
	return func(c *Conn) error {
		salt, proof, err := c.proof(PluginCachingSHA2)
		if err != nil {
			return err
		}
		if !bytes.Equal(proof, mysql.CalcCachingSha2Password(salt, []byte(password))) {
			return decide(c, PluginCachingSHA2, false)
		}
		const fastAuthDone = 3
		if err := c.Write([]byte{markMoreData, fastAuthDone}); err != nil {
			return err
		}
		return decide(c, PluginCachingSHA2, true)
	}
}

// CachingSHA2Full checks the password with caching_sha2_password as a server does
// that has not got it in its cache: over TLS the client sends it in the clear, and
// without TLS encrypted with the server's RSA key, which it asks for.
func CachingSHA2Full(password string) Step {
	return func(c *Conn) error {
		salt, _, err := c.proof(PluginCachingSHA2)
		if err != nil {
			return err
		}
		const fullAuth = 4
		if err := c.Write([]byte{markMoreData, fullAuth}); err != nil {
			return err
		}
		var given []byte
		if c.OverTLS() {
			given, err = c.Read()
		} else {
			given, err = c.readEncrypted(salt)
		}
		if err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
		return decide(c, PluginCachingSHA2, bytes.Equal(given, append([]byte(password), 0)))
	}
}

// readEncrypted gives the client an RSA key and reads the password that it
// encrypts with it.
func (c *Conn) readEncrypted(salt []byte) ([]byte, error) {
	request, err := c.Read()
	if err != nil {
		return nil, err
	}
	if len(request) != 1 || request[0] != 2 {
		return nil, fmt.Errorf("the client sends %q instead of asking for the key", request)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encode the key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	if err := c.Write(append([]byte{markMoreData}, text...)); err != nil {
		return nil, err
	}
	given, err := c.Read()
	if err != nil {
		return nil, err
	}
	mixed, err := rsa.DecryptOAEP(sha1.New(), nil, key, given, nil)
	if err != nil {
		return nil, fmt.Errorf("decrypt the password: %w", err)
	}
	for i := range mixed {
		mixed[i] ^= salt[i%len(salt)]
	}
	return mixed, nil
}

// Ed25519 makes the client switch to client_ed25519, as MariaDB does for accounts
// of that kind, and checks its signature.
func Ed25519(password string) Step {
	return func(c *Conn) error {
		salt := newSalt(32)
		signature, err := c.switchTo(PluginEd25519, salt)
		if err != nil {
			return err
		}
		hash := sha512.Sum512([]byte(password))
		secret, err := edwards25519.NewScalar().SetBytesWithClamping(hash[:32])
		if err != nil {
			return fmt.Errorf("make the key of the password: %w", err)
		}
		public := new(edwards25519.Point).ScalarBaseMult(secret).Bytes()
		return decide(c, PluginEd25519, ed25519.Verify(public, salt, signature))
	}
}

package wire

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// fastAuthDone tells a client of caching_sha2_password, behind markMoreData,
// that its scramble was right. We know the clear password, so this fast path
// always decides and the server's RSA key is never needed.
const fastAuthDone = 0x03

// cachingSHA2Len is the length of a scramble of caching_sha2_password.
const cachingSHA2Len = 32

// authenticate checks the client's password, after switching the plugin where
// the client did not answer for one that we can check. An unknown user goes
// through the same steps with a password that nobody knows.
func (h *handshake) authenticate(l *login, salt []byte) error {
	password, known := h.cfg.Lookup(l.user)
	if !known {
		password = rand.Text()
	}
	plugin, auth := l.plugin, l.auth
	switch {
	case plugin == pluginNative || !l.capabilities.Has(ClientPluginAuth):
		plugin = pluginNative
	case plugin == pluginCachingSHA2 && len(auth) == cachingSHA2Len:
	default:
		// A client that names caching_sha2_password without a scramble waits
		// to be asked for it by name.
		if plugin != pluginCachingSHA2 {
			plugin = pluginNative
		}
		var err error
		if salt, auth, err = h.switchTo(plugin); err != nil {
			return err
		}
	}
	var want []byte
	if plugin == pluginCachingSHA2 {
		auth = trimNoPassword(auth)
		want = mysql.CalcCachingSha2Password(salt, []byte(password))
	} else {
		want = mysql.CalcNativePassword(salt, []byte(password))
	}
	usingPassword := len(auth) > 0
	// In a time that does not depend on where the two differ.
	if right := subtle.ConstantTimeCompare(auth, want) == 1; !known || !right {
		return &AuthError{User: l.user, UsingPassword: usingPassword, Sequence: h.seq}
	}
	if plugin == pluginCachingSHA2 && usingPassword {
		done, start := beginPacket(nil)
		done = append(done, markMoreData, fastAuthDone)
		if err := h.write(endPacket(done, start, h.seq)); err != nil {
			return fmt.Errorf("send fast authentication: %w", err)
		}
	}
	return nil
}

// switchTo asks the client to answer anew with the plugin, over a fresh salt.
func (h *handshake) switchTo(plugin string) (salt, auth []byte, err error) {
	salt = newSalt()
	packet, start := beginPacket(nil)
	packet = append(packet, markEOF)
	packet = append(packet, plugin...)
	packet = append(packet, 0)
	packet = append(packet, salt...)
	packet = append(packet, 0)
	if err := h.write(endPacket(packet, start, h.seq)); err != nil {
		return nil, nil, fmt.Errorf("send authentication switch: %w", err)
	}
	auth, err = h.read()
	if err != nil {
		return nil, nil, fmt.Errorf("read answer to authentication switch: %w", err)
	}
	return salt, auth, nil
}

// trimNoPassword makes the answer of caching_sha2_password for "no password"
// empty: some clients send nothing, others a single NUL.
func trimNoPassword(auth []byte) []byte {
	if len(auth) == 1 && auth[0] == 0 {
		return nil
	}
	return auth
}

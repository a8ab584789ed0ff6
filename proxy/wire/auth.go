package wire

import (
	"bytes"
	"crypto/rand"
	"fmt"
)

// Names of the authentication plugins that we understand.
const (
	pluginNative      = "mysql_native_password"
	pluginCachingSHA2 = "caching_sha2_password"
	pluginClear       = "mysql_clear_password"
	pluginEd25519     = "client_ed25519"
)

// ed25519SaltLen is the length of what a client of client_ed25519 signs.
const ed25519SaltLen = 32

// proof is a client's answer to a plugin: what it shows that it knows the
// password.
type proof struct {
	plugin string
	salt   []byte // what it was asked with
	auth   []byte // empty: it has no password
}

// noScramble makes the answer for "no password" empty: some clients send nothing,
// others a single NUL. It takes the NUL off the end of a clear password.
func noScramble(plugin string, auth []byte) []byte {
	switch plugin {
	case pluginCachingSHA2:
		if len(auth) == 1 && auth[0] == 0 {
			return nil
		}
	case pluginClear:
		return bytes.TrimSuffix(auth, []byte{0})
	}
	return auth
}

// authenticate checks the client's password, after switching the plugin where
// the client did not answer for one that we can check. An unknown user goes
// through the same steps with a password that nobody knows.
func (h *handshake) authenticate(l *login) error {
	passwords, known := passwordsOf(l.user, h.cfg.Lookup)
	p := proof{plugin: l.plugin, salt: h.agreed.Salt[:], auth: noScramble(l.plugin, l.auth)}
	canSwitch := l.capabilities.Has(ClientPluginAuth)
	var err error
	switch {
	case !canSwitch:
		p.plugin, canSwitch = pluginNative, false
	case !h.canCheck(l.plugin, l.auth):
		p, err = h.switchTo(h.checkable(l.plugin))
		canSwitch = false
	}
	if err != nil {
		return err
	}
	right := p.proves(passwords)
	if !right && h.again && canSwitch && len(p.auth) > 0 {
		// Clients differ in which of the salts that they have been given they
		// remember: over a new one there is no doubt.
		if p, err = h.switchTo(p.plugin); err != nil {
			return err
		}
		right = p.proves(passwords)
	}
	if p.plugin == pluginCachingSHA2 && len(p.auth) == cachingSHA2Len {
		if right, err = h.finishCachingSHA2(p, passwords, right); err != nil {
			return err
		}
	}
	if !known || !right {
		return &AuthError{User: l.user, UsingPassword: len(p.auth) > 0, Sequence: h.seq}
	}
	return nil
}

// canCheck reports whether the answer in a login decides as it is. A client
// whose plugin is not the one that the greeting names may not have looked at the
// salt: it leaves its answer empty and waits to be asked for it by name.
func (h *handshake) canCheck(plugin string, auth []byte) bool {
	greeted := plugin == h.cfg.plugin()
	switch plugin {
	case pluginNative:
		return greeted || len(auth) > 0
	case pluginCachingSHA2:
		return greeted && len(auth) <= 1 || len(auth) == cachingSHA2Len
	case pluginClear:
		return h.agreed.TLS && len(auth) > 0
	default: // the salt of client_ed25519 is longer than a greeting's
		return false
	}
}

// checkable is the plugin to ask a client with, of which it has named one.
func (h *handshake) checkable(plugin string) string {
	switch {
	case plugin == pluginNative, plugin == pluginCachingSHA2, plugin == pluginEd25519,
		plugin == pluginClear && h.agreed.TLS:
		return plugin
	default:
		return h.cfg.plugin()
	}
}

// switchTo asks the client to answer anew with the plugin, over a fresh salt.
func (h *handshake) switchTo(plugin string) (proof, error) {
	p := proof{plugin: plugin}
	packet, start := beginPacket(nil)
	packet = append(packet, markEOF)
	packet = append(packet, plugin...)
	packet = append(packet, 0)
	switch plugin {
	case pluginClear: // it has no use for a salt
	case pluginEd25519:
		p.salt = make([]byte, ed25519SaltLen)
		rand.Read(p.salt) // never fails: it ends the process instead
		packet = append(packet, p.salt...)
	default:
		h.agreed.Salt = newSalt()
		p.salt = h.agreed.Salt[:]
		packet = append(packet, p.salt...)
		packet = append(packet, 0)
	}
	if err := h.write(endPacket(packet, start, h.seq)); err != nil {
		return proof{}, fmt.Errorf("send authentication switch: %w", err)
	}
	auth, err := h.read()
	if err != nil {
		return proof{}, fmt.Errorf("read answer to authentication switch: %w", err)
	}
	p.auth = noScramble(plugin, auth)
	return p, nil
}

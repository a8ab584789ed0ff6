package wire

import (
	"encoding/binary"
	"fmt"
)

// login is what a client answers to the greeting, or says of a user that it
// wants to change to.
type login struct {
	capabilities Capability // as requested, offered or not
	collation    uint8
	user         string
	auth         []byte
	database     string
	plugin       string // "" when the client cannot name one
	attributes   map[string]string
	zstdLevel    uint8 // 0 when the client named none
}

// maxAttributes bounds how many connection attributes are kept; their size is
// bounded by the packet's.
const maxAttributes = 128

// Numbers and states of the errors that clients are refused with.
const (
	codeHandshakeError   = 1043
	stateHandshakeError  = "08S01"
	codeAuthUnsupported  = 1251
	stateAuthUnsupported = "08004"
	codeTLSRequired      = 3159
	stateTLSRequired     = "HY000"
)

// parseLogin reads a handshake response. The capabilities that the client
// requests tell how its packet is laid out, whether they were offered or not.
// Errors: *RefusedError for a client that cannot be served, else garbage.
func parseLogin(payload []byte) (*login, error) {
	r := reader{b: payload}
	l := &login{capabilities: Capability(r.uint16())}
	if r.bad {
		return nil, fmt.Errorf("login of %d bytes: %w", len(payload), errShort)
	}
	if !l.capabilities.Has(ClientProtocol41) {
		return nil, &RefusedError{
			codeHandshakeError, stateHandshakeError,
			"this server needs a client that speaks the protocol of MySQL 4.1 or newer",
		}
	}
	l.capabilities |= Capability(r.uint16()) << 16
	r.skip(4) // largest packet of the client
	l.collation = r.uint8()
	r.skip(loginReserved - extendedLen)
	if extended := r.uint32(); !l.capabilities.Has(ClientLongPassword) {
		l.capabilities |= Capability(extended) << extendedShift
	}
	l.user = r.text()
	switch {
	case l.capabilities.Has(ClientPluginAuthLenencData):
		l.auth = r.lenencBytes()
	case l.capabilities.Has(ClientSecureConnection):
		l.auth = r.bytes(int(r.uint8()))
	default:
		l.auth = []byte(r.text())
	}
	if l.capabilities.Has(ClientConnectWithDB) {
		l.database = r.text()
	}
	l.parseTail(&r)
	if r.bad {
		return nil, fmt.Errorf("login of %d bytes: %w", len(payload), errShort)
	}
	if l.capabilities&(ClientPluginAuth|ClientSecureConnection) == 0 {
		return nil, &RefusedError{
			codeAuthUnsupported, stateAuthUnsupported,
			"client does not support the authentication of MySQL 4.1 or newer; upgrade it",
		}
	}
	return l, nil
}

// parseTail reads the fields that end both a login and a change of user.
func (l *login) parseTail(r *reader) {
	if l.capabilities.Has(ClientPluginAuth) {
		l.plugin = r.text()
	}
	if l.capabilities.Has(ClientConnectAttrs) && len(r.b) > 0 {
		l.attributes = parseAttributes(r)
	}
	if l.capabilities.Has(ClientZstdCompression) && len(r.b) > 0 {
		l.zstdLevel = r.uint8()
	}
}

// tlsRequestLen is the length of what a client sends before it starts TLS: a
// login that ends where the user's name would begin.
const tlsRequestLen = 4 + 4 + 1 + loginReserved

// requestsTLS reports whether the client wants TLS. What it sends as a login
// within TLS requests it once more.
func requestsTLS(payload []byte) bool {
	const flags = ClientSSL | ClientProtocol41
	return len(payload) >= 2 && Capability(binary.LittleEndian.Uint16(payload)).Has(flags)
}

// parseAttributes reads connection attributes. Of two with one name the last
// counts; those beyond maxAttributes are left out.
func parseAttributes(r *reader) map[string]string {
	all := reader{b: r.lenencBytes()}
	attributes := make(map[string]string)
	for len(all.b) > 0 && !all.bad {
		name, value := all.lenencBytes(), all.lenencBytes()
		if !all.bad && len(attributes) < maxAttributes {
			attributes[string(name)] = string(value)
		}
	}
	r.bad = r.bad || all.bad
	return attributes
}

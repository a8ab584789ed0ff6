package wire

import (
	"fmt"
	"io"
)

// ChangeUser does for COM_CHANGE_USER what Accept does for a login. payload is
// the whole command, command byte included, and sequence the number of the
// next packet to write. Of cfg it uses Lookup, Plugin, Collation and PasswordKey;
// was is what was agreed with the client before. Whatever else the client has to
// say is read from conn, packet by packet and not further; deadlines are the
// caller's.
//
// The client that is returned has no Conn, and the compression that was agreed on
// login stays. Errors are those of Accept.
func ChangeUser(conn io.ReadWriter, payload []byte, sequence uint8, cfg AcceptConfig, was Agreed) (*Client, error) {
	h := handshake{conn: conn, cfg: cfg, seq: sequence, agreed: was, again: true}
	l, err := parseChangeUser(payload, was.Capabilities, cfg.Collation)
	if err != nil {
		return nil, err
	}
	if err := h.authenticate(l); err != nil {
		return nil, err
	}
	return h.client(l), nil
}

// parseChangeUser reads a COM_CHANGE_USER of a client that has agreed on the
// capabilities. A client that names no collation gets the given one.
func parseChangeUser(payload []byte, agreed Capability, collation uint8) (*login, error) {
	r := reader{b: payload}
	r.skip(1) // the command
	// The command has no field for it: the level is that of the login.
	l := &login{capabilities: agreed &^ ClientZstdCompression, collation: collation}
	l.user = r.text()
	if agreed.Has(ClientSecureConnection) {
		l.auth = r.bytes(int(r.uint8()))
	} else {
		l.auth = []byte(r.text())
	}
	l.database = r.text()
	if len(r.b) > 0 {
		l.collation = 0 // as any number that a login has no room for
		if number := r.uint16(); number <= 0xff {
			l.collation = uint8(number)
		}
		l.parseTail(&r)
	}
	if r.bad {
		return nil, fmt.Errorf("change of user of %d bytes: %w", len(payload), errShort)
	}
	return l, nil
}

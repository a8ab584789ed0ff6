package wire

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// loginCapabilities are the flags of the login itself that we use wherever the
// server has them. None of them changes an answer.
const loginCapabilities = ClientLongPassword | ClientLongFlag | ClientProtocol41 | ClientTransactions |
	ClientSecureConnection | ClientPluginAuth | ClientConnectAttrs | ClientPluginAuthLenencData

// agree is what we ask for, and with that what counts: the server offers it all.
//
// ClientLongPassword says on our side too that the reserved bytes hold nothing;
// as a server with extended capabilities does not offer it, it is right without
// further ado.
func (c *connecting) agree() Capability {
	ask := c.cfg.Capabilities | loginCapabilities
	ask &^= ClientCompress | ClientZstdCompression | ClientSSL | ClientConnectWithDB
	if c.cfg.Database != "" {
		ask |= ClientConnectWithDB
	}
	if c.cfg.TLS != nil {
		ask |= ClientSSL
	}
	return ask & c.hello.Capabilities
}

// maxClientPacket is what we announce as our bound for a packet, in bytes: the
// protocol's own.
const maxClientPacket = 1 << 30

// appendLoginHead appends the part that the login and the request for TLS have
// in common.
func (c *connecting) appendLoginHead(dst []byte) []byte {
	const reserved = 19 // and four for MariaDB's extended capabilities
	dst = binary.LittleEndian.AppendUint32(dst, uint32(c.agreed))
	dst = binary.LittleEndian.AppendUint32(dst, maxClientPacket)
	dst = append(dst, c.cfg.Collation)
	dst = append(dst, make([]byte, reserved)...)
	return binary.LittleEndian.AppendUint32(dst, uint32(c.agreed>>32))
}

// sendLogin answers the greeting, with a proof for the plugin that it names or,
// when that is none of ours, for the one that every server knows: it will switch.
func (c *connecting) sendLogin() error {
	c.plugin, c.salt = c.hello.plugin, c.hello.salt
	if !provesAtOnce(c.plugin) {
		c.plugin = mysql.AUTH_NATIVE_PASSWORD
	}
	proof, err := c.proof()
	if err != nil {
		return err
	}
	login := c.appendLoginHead(nil)
	login = append(append(login, c.cfg.User...), 0)
	switch {
	case c.agreed.Has(ClientPluginAuthLenencData):
		login = appendLenencString(login, string(proof))
	case len(proof) > 255:
		return fmt.Errorf("%w: the password is too long for this server", ErrAuthMethod)
	default:
		login = append(append(login, byte(len(proof))), proof...)
	}
	if c.agreed.Has(ClientConnectWithDB) {
		login = append(append(login, c.cfg.Database...), 0)
	}
	if c.agreed.Has(ClientPluginAuth) {
		login = append(append(login, c.plugin...), 0)
	}
	if c.agreed.Has(ClientConnectAttrs) {
		login = appendLenencString(login, string(appendAttributes(nil, c.cfg.Attributes)))
	}
	if err := c.write(login); err != nil {
		return fmt.Errorf("send the login: %w", err)
	}
	return nil
}

// appendAttributes appends connection attributes in the order of their names.
func appendAttributes(dst []byte, attributes map[string]string) []byte {
	const program = "program_name"
	if _, given := attributes[program]; !given {
		dst = appendLenencString(appendLenencString(dst, program), "mysqlda")
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		dst = appendLenencString(appendLenencString(dst, name), attributes[name])
	}
	return dst
}

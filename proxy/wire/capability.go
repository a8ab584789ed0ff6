package wire

import (
	"fmt"
	"strings"
)

// Capability is a set of protocol capability flags. The lower 32 are the
// protocol's own; the upper ones are MariaDB's extended capabilities, which travel
// in bytes that the protocol reserves.
type Capability uint64

// The capability flags of the protocol.
const (
	// ClientLongPassword is called CLIENT_MYSQL by MariaDB: a server that sets it
	// has no extended capabilities in the reserved bytes of its greeting.
	ClientLongPassword Capability = 1 << iota
	ClientFoundRows
	ClientLongFlag
	ClientConnectWithDB
	ClientNoSchema
	ClientCompress
	ClientODBC
	ClientLocalFiles
	ClientIgnoreSpace
	ClientProtocol41
	ClientInteractive
	ClientSSL
	ClientIgnoreSigpipe
	ClientTransactions
	ClientReserved
	ClientSecureConnection
	ClientMultiStatements
	ClientMultiResults
	ClientPSMultiResults
	ClientPluginAuth
	ClientConnectAttrs
	ClientPluginAuthLenencData
	ClientCanHandleExpiredPasswords
	ClientSessionTrack
	ClientDeprecateEOF
	ClientOptionalResultsetMetadata
	ClientZstdCompression
	ClientQueryAttributes
	ClientMultiFactorAuth
	ClientCapabilityExtension
	ClientSSLVerifyServerCert
	ClientRememberOptions
)

// MariaDB's extended capabilities.
const (
	// MariadbProgress lets the server send reports about a long statement.
	MariadbProgress Capability = 1 << (32 + iota)
	MariadbMulti               // never used by servers
	// MariadbBulkOperations is COM_STMT_BULK_EXECUTE.
	MariadbBulkOperations
	// MariadbExtendedMetadata adds type information to column definitions.
	MariadbExtendedMetadata
	// MariadbCacheMetadata lets executions leave out column definitions.
	MariadbCacheMetadata
	// MariadbBulkUnitResults answers each row of a bulk execution by itself.
	MariadbBulkUnitResults
)

// OfferedCapabilities is what we offer to clients. What is missing from it is
// missing on purpose: compression and TLS would change the stream under the
// relay, query attributes change the shape of commands, session tracking and
// optional metadata change the shape of answers, and MariaDB's extended
// capabilities (metadata caching, progress reports) are ruled out as a whole
// by ClientLongPassword.
const OfferedCapabilities = ClientLongPassword | ClientFoundRows | ClientLongFlag |
	ClientConnectWithDB | ClientODBC | ClientLocalFiles | ClientIgnoreSpace |
	ClientProtocol41 | ClientInteractive | ClientTransactions |
	ClientSecureConnection | ClientMultiStatements | ClientMultiResults |
	ClientPSMultiResults | ClientPluginAuth | ClientConnectAttrs |
	ClientPluginAuthLenencData | ClientDeprecateEOF

// ShapeMask is the set of flags that change the shape or the meaning of
// answers. A client and the backend connection that serves it must agree on
// every one of them.
const ShapeMask = ClientFoundRows | ClientLocalFiles | ClientIgnoreSpace |
	ClientMultiStatements | ClientMultiResults | ClientPSMultiResults |
	ClientDeprecateEOF

// Has reports whether every flag of f is set.
func (c Capability) Has(f Capability) bool { return c&f == f }

// String names the flags that are set, for logs and errors.
func (c Capability) String() string {
	if c == 0 {
		return "none"
	}
	var names []string
	for bit := range 64 {
		if f := Capability(1) << bit; c.Has(f) {
			names = append(names, f.name())
		}
	}
	return strings.Join(names, "|")
}

func (c Capability) name() string {
	switch c {
	case ClientLongPassword:
		return "LONG_PASSWORD"
	case ClientFoundRows:
		return "FOUND_ROWS"
	case ClientLongFlag:
		return "LONG_FLAG"
	case ClientConnectWithDB:
		return "CONNECT_WITH_DB"
	case ClientCompress:
		return "COMPRESS"
	case ClientODBC:
		return "ODBC"
	case ClientLocalFiles:
		return "LOCAL_FILES"
	case ClientIgnoreSpace:
		return "IGNORE_SPACE"
	case ClientProtocol41:
		return "PROTOCOL_41"
	case ClientInteractive:
		return "INTERACTIVE"
	case ClientSSL:
		return "SSL"
	case ClientTransactions:
		return "TRANSACTIONS"
	case ClientSecureConnection:
		return "SECURE_CONNECTION"
	case ClientMultiStatements:
		return "MULTI_STATEMENTS"
	case ClientMultiResults:
		return "MULTI_RESULTS"
	case ClientPSMultiResults:
		return "PS_MULTI_RESULTS"
	case ClientPluginAuth:
		return "PLUGIN_AUTH"
	case ClientConnectAttrs:
		return "CONNECT_ATTRS"
	case ClientPluginAuthLenencData:
		return "PLUGIN_AUTH_LENENC_CLIENT_DATA"
	case ClientSessionTrack:
		return "SESSION_TRACK"
	case ClientDeprecateEOF:
		return "DEPRECATE_EOF"
	case ClientCanHandleExpiredPasswords:
		return "CAN_HANDLE_EXPIRED_PASSWORDS"
	case ClientOptionalResultsetMetadata:
		return "OPTIONAL_RESULTSET_METADATA"
	case ClientZstdCompression:
		return "ZSTD_COMPRESSION"
	case ClientQueryAttributes:
		return "QUERY_ATTRIBUTES"
	case MariadbProgress:
		return "PROGRESS"
	case MariadbBulkOperations:
		return "BULK_OPERATIONS"
	case MariadbExtendedMetadata:
		return "EXTENDED_METADATA"
	case MariadbCacheMetadata:
		return "CACHE_METADATA"
	case MariadbBulkUnitResults:
		return "BULK_UNIT_RESULTS"
	default:
		return fmt.Sprintf("0x%x", uint64(c))
	}
}

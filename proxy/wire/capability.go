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

// OwnCapabilities are the flags that concern nobody but the client and us: those
// of the handshake, and what ends at our end of the connection. They can be
// offered whatever the servers are.
const OwnCapabilities = ClientLongPassword | ClientLongFlag | ClientConnectWithDB |
	ClientCompress | ClientODBC | ClientProtocol41 | ClientSSL | ClientTransactions |
	ClientSecureConnection | ClientPluginAuth | ClientConnectAttrs |
	ClientPluginAuthLenencData | ClientCanHandleExpiredPasswords | ClientZstdCompression

// SupportedCapabilities are all flags that can be offered to clients; of those
// outside OwnCapabilities only what the servers share. TLS is offered where
// AcceptConfig holds a certificate, whether its flag is among the offer or not.
const SupportedCapabilities = OwnCapabilities | ShapeMask

// OfferedCapabilities is an offer that any server can keep, without TLS,
// compression, query attributes, session tracking, optional metadata and
// MariaDB's extended capabilities, which ClientLongPassword rules out as a whole.
const OfferedCapabilities = ClientLongPassword | ClientFoundRows | ClientLongFlag |
	ClientConnectWithDB | ClientODBC | ClientLocalFiles | ClientIgnoreSpace |
	ClientProtocol41 | ClientInteractive | ClientTransactions |
	ClientSecureConnection | ClientMultiStatements | ClientMultiResults |
	ClientPSMultiResults | ClientPluginAuth | ClientConnectAttrs |
	ClientPluginAuthLenencData | ClientDeprecateEOF

// ShapeMask is the set of flags that change the shape or the meaning of
// commands and answers, or how long a server waits for the next command. A client
// and the backend connection that serves it must agree on every one of them.
const ShapeMask = ClientFoundRows | ClientLocalFiles | ClientIgnoreSpace |
	ClientInteractive | ClientMultiStatements | ClientMultiResults |
	ClientPSMultiResults | ClientSessionTrack | ClientDeprecateEOF |
	ClientOptionalResultsetMetadata | ClientQueryAttributes | MariadbProgress |
	MariadbBulkOperations | MariadbExtendedMetadata | MariadbCacheMetadata |
	MariadbBulkUnitResults

// extendedShift is where MariaDB's extended capabilities begin.
const extendedShift = 32

// offer is what a greeting shows of the capabilities c. MariaDB's clients look for
// extended capabilities only where ClientLongPassword is off, and MySQL's
// servers set it always: the one rules out the other.
func (c Capability) offer() Capability {
	if c>>extendedShift != 0 {
		return c &^ ClientLongPassword
	}
	return c | ClientLongPassword
}

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
	case ClientSSLVerifyServerCert:
		return "SSL_VERIFY_SERVER_CERT"
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

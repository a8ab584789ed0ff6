package wire

// Compression is how a connection is compressed behind the handshake. The zero
// value means not at all.
type Compression struct {
	Algorithm Algorithm
	Level     int // zstd's, 1 to 22, as the client wishes; 0: it has no wish
}

// Algorithm is a way to compress.
type Algorithm uint8

// The algorithms of the protocol.
const (
	Uncompressed Algorithm = iota
	Zlib
	Zstd
)

func (a Algorithm) String() string {
	switch a {
	case Zlib:
		return "zlib"
	case Zstd:
		return "zstd"
	default:
		return "uncompressed"
	}
}

// agreedCompression is what a client gets that has agreed on these capabilities.
// Of one that can do both servers expect zlib.
func agreedCompression(agreed Capability, zstdLevel uint8) Compression {
	switch {
	case agreed.Has(ClientCompress):
		return Compression{Algorithm: Zlib}
	case agreed.Has(ClientZstdCompression):
		return Compression{Algorithm: Zstd, Level: int(zstdLevel)}
	default:
		return Compression{}
	}
}

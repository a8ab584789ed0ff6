package storage

import (
	"encoding/binary"
	"fmt"

	"github.com/hashicorp/raft"
)

// sealLen is the length of a checksum, in bytes.
const sealLen = 4

// seal puts a checksum of a key and its value behind the value.
func seal(key, value []byte) []byte {
	sealed := append(make([]byte, 0, len(value)+sealLen), value...)
	return binary.BigEndian.AppendUint32(sealed, sum(key, value))
}

// unseal returns the value without its checksum.
func unseal(key, sealed []byte) ([]byte, error) {
	n := len(sealed) - sealLen
	if n < 0 || binary.BigEndian.Uint32(sealed[n:]) != sum(key, sealed[:n]) {
		return nil, fmt.Errorf("%s: %w", key, errWrongSum)
	}
	return sealed[:n], nil
}

// sealOfEntry is the checksum that an entry of the log carries as its extension,
// on every node and on the way between them. The time when it was appended is
// not part of it, nothing depends on that.
func sealOfEntry(entry *raft.Log) []byte {
	head := make([]byte, 0, 17)
	head = binary.BigEndian.AppendUint64(head, entry.Index)
	head = binary.BigEndian.AppendUint64(head, entry.Term)
	head = append(head, byte(entry.Type))
	return binary.BigEndian.AppendUint32(nil, sum(head, entry.Data))
}

// checkEntry reports whether an entry is what its checksum says.
func checkEntry(entry *raft.Log) error {
	if string(entry.Extensions) != string(sealOfEntry(entry)) {
		return fmt.Errorf("entry %d: %w", entry.Index, errWrongSum)
	}
	return nil
}

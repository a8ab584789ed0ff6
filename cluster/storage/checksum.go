package storage

import (
	"encoding/binary"
	"hash/crc32"
)

// sum is the CRC-32C of the parts, each with its length.
func sum(parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	var total uint32
	for _, p := range parts {
		total = crc32.Update(total, table, binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		total = crc32.Update(total, table, p)
	}
	return total
}

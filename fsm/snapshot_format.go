package fsm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A snapshot is a stream of checked blocks. Numbers of fixed size are big
// endian; uvarint is the base-128 encoding of protobuf.
//
//	snapshot = magic (8 bytes "mysqldaS"), format version (4 bytes), block...
//	block    = kind (1 byte), length of payload (4 bytes), payload, checksum (4 bytes)
//
// The checksum is the CRC-32C of everything in the snapshot before it, other
// blocks' checksums included; so a block that is missing, repeated or in
// another place is noticed just like a changed bit.
//
// The blocks are, in this order:
//
//	1 header      once: a protobuf fsmpb.SnapshotHeader
//	2 placements  any number: records of length of core (uvarint), core,
//	              library (uvarint), epoch (uvarint)
//	3 bindings    any number: records of three strings, class, object and core,
//	              each after its length (uvarint)
//	4 end         once, last: number of placements (8 bytes), of bindings (8 bytes)
//
// No record crosses a block. Within the log of one cluster the order of records
// is the same on all nodes that hold the same history, but nothing depends on it.
const (
	snapshotMagic   = "mysqldaS"
	snapshotVersion = 1

	blockHeader     = 1
	blockPlacements = 2
	blockBindings   = 3
	blockEnd        = 4

	blockHeadLen = 1 + 4
	checksumLen  = 4
	endLen       = 8 + 8

	// fullBlock is the payload in bytes from which on a block is written out.
	fullBlock = 64 << 10
	// maxSnapshotRecord is the longest record: three strings and their lengths.
	maxSnapshotRecord = 3 + MaxClassLen + MaxObjectLen + MaxCoreLen
	// maxBlock bounds a payload that is read: the header of the largest
	// possible cluster fits.
	maxBlock = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blockWriter writes a snapshot's blocks.
type blockWriter struct {
	w       io.Writer
	sum     uint32 // of everything written
	written int64
}

func newBlockWriter(w io.Writer) *blockWriter { return &blockWriter{w: w} }

func (b *blockWriter) start() error {
	return b.write(binary.BigEndian.AppendUint32([]byte(snapshotMagic), snapshotVersion))
}

func (b *blockWriter) block(kind byte, payload []byte) error {
	if err := b.write(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)))); err != nil {
		return err
	}
	if err := b.write(payload); err != nil {
		return err
	}
	return b.write(binary.BigEndian.AppendUint32(nil, b.sum))
}

// rest writes the last block of a kind, unless there is nothing in it.
func (b *blockWriter) rest(kind byte, payload []byte) error {
	if len(payload) == 0 {
		return nil
	}
	return b.block(kind, payload)
}

func (b *blockWriter) write(p []byte) error {
	n, err := b.w.Write(p)
	b.written += int64(n)
	b.sum = crc32.Update(b.sum, castagnoli, p)
	return err
}

var errTruncated = errors.New("it is truncated")

// blockReader reads a snapshot's blocks.
type blockReader struct {
	r       io.Reader
	sum     uint32 // of everything read
	payload bytes.Buffer
}

func newBlockReader(r io.Reader) *blockReader { return &blockReader{r: r} }

func (b *blockReader) start() error {
	var head [len(snapshotMagic) + 4]byte
	if err := b.read(head[:]); err != nil {
		return err
	}
	if string(head[:len(snapshotMagic)]) != snapshotMagic {
		return errors.New("it is no snapshot of this program")
	}
	if v := binary.BigEndian.Uint32(head[len(snapshotMagic):]); v != snapshotVersion {
		return fmt.Errorf("it has format version %d, this release reads version %d", v, snapshotVersion)
	}
	return nil
}

// block reads the next block. Its payload is valid until the next call.
func (b *blockReader) block() (kind byte, payload []byte, err error) {
	var head [blockHeadLen]byte
	if err := b.read(head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length > maxBlock {
		return 0, nil, fmt.Errorf("it is corrupt: a block of %d bytes, at most %d are allowed", length, maxBlock)
	}
	// The buffer grows with what is really there, not with what a damaged
	// length claims.
	b.payload.Reset()
	if _, err := io.CopyN(&b.payload, b.r, int64(length)); err != nil {
		return 0, nil, truncated(err)
	}
	b.sum = crc32.Update(b.sum, castagnoli, b.payload.Bytes())
	want := b.sum
	var sum [checksumLen]byte
	if err := b.read(sum[:]); err != nil {
		return 0, nil, err
	}
	if got := binary.BigEndian.Uint32(sum[:]); got != want {
		return 0, nil, fmt.Errorf("it is corrupt: a block has the checksum %08x, not %08x", want, got)
	}
	return head[0], b.payload.Bytes(), nil
}

// end makes sure that nothing follows.
func (b *blockReader) end() error {
	var one [1]byte
	switch _, err := io.ReadFull(b.r, one[:]); {
	case err == nil:
		return errors.New("it is corrupt: something follows its end")
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

func (b *blockReader) read(p []byte) error {
	if _, err := io.ReadFull(b.r, p); err != nil {
		return truncated(err)
	}
	b.sum = crc32.Update(b.sum, castagnoli, p)
	return nil
}

func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return err
}

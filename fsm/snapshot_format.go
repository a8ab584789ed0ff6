package fsm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A snapshot is a stream of checked blocks: docs/formats.md describes it.
const (
	snapshotMagic   = "mysqldaS"
	snapshotVersion = 2

	blockHeader     = 1
	blockPlacements = 2
	blockBindings   = 3
	blockEnd        = 4

	blockHeadLen = 1 + 4
	checksumLen  = 4

	// fullBlock is the payload in bytes from which on a block of records is
	// written out.
	fullBlock = 64 << 10
	// maxSnapshotRecord is the longest record: three strings and their lengths.
	maxSnapshotRecord = 3 + MaxClassLen + MaxObjectLen + MaxCoreLen
	// maxRecordBlock is the longest payload of a block of records.
	maxRecordBlock = fullBlock + maxSnapshotRecord
	// maxHeader bounds the header's payload: that of the largest possible
	// cluster fits.
	maxHeader = 32 << 20
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

func (b *blockWriter) write(p []byte) error {
	n, err := b.w.Write(p)
	b.written += int64(n)
	b.sum = crc32.Update(b.sum, castagnoli, p)
	return err
}

// recordWriter gathers records to blocks of one kind.
type recordWriter struct {
	blocks  *blockWriter
	kind    byte
	payload []byte // records not written yet
}

func newRecordWriter(b *blockWriter, kind byte) *recordWriter {
	return &recordWriter{blocks: b, kind: kind, payload: make([]byte, 0, maxRecordBlock)}
}

// add takes the payload to which a record was appended.
func (w *recordWriter) add(payload []byte) error {
	w.payload = payload
	if len(payload) < fullBlock {
		return nil
	}
	return w.flush()
}

// flush writes what was gathered, if anything was.
func (w *recordWriter) flush() error {
	if len(w.payload) == 0 {
		return nil
	}
	err := w.blocks.block(w.kind, w.payload)
	w.payload = w.payload[:0]
	return err
}

var errTruncated = errors.New("it is truncated")

// blockReader reads a snapshot's blocks.
type blockReader struct {
	r   io.Reader
	sum uint32 // of everything read

	// Where the block begins that was read last, for errors.
	at     int64 // in bytes from the snapshot's beginning
	number int   // counted from 1; 0 is what comes before the first block
	next   int64 // where the block after it begins
}

func newBlockReader(r io.Reader) *blockReader {
	return &blockReader{r: r, next: int64(len(snapshotMagic)) + 4}
}

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

// block reads the next block. Its payload is never overwritten.
func (b *blockReader) block() (kind byte, payload []byte, err error) {
	b.at, b.number = b.next, b.number+1
	var head [blockHeadLen]byte
	if err := b.read(head[:]); err != nil {
		return 0, nil, err
	}
	kind, length := head[0], binary.BigEndian.Uint32(head[1:])
	if payload, err = b.payload(kind, int64(length)); err != nil {
		return 0, nil, err
	}
	b.sum = crc32.Update(b.sum, castagnoli, payload)
	want := b.sum
	var sum [checksumLen]byte
	if err := b.read(sum[:]); err != nil {
		return 0, nil, err
	}
	if got := binary.BigEndian.Uint32(sum[:]); got != want {
		return 0, nil, fmt.Errorf("it is corrupt: a block has the checksum %08x, not %08x", want, got)
	}
	b.next += blockHeadLen + int64(length) + checksumLen
	return kind, payload, nil
}

// payload reads a payload. It makes no room for what a damaged length claims:
// blocks of records are small, and the header's room grows with what is there.
func (b *blockReader) payload(kind byte, length int64) ([]byte, error) {
	longest := int64(maxRecordBlock)
	if kind == blockHeader {
		longest = maxHeader
	}
	if length > longest {
		return nil, fmt.Errorf("it is corrupt: a block of %d bytes, at most %d are allowed", length, longest)
	}
	if length <= maxRecordBlock {
		payload := make([]byte, length)
		if _, err := io.ReadFull(b.r, payload); err != nil {
			return nil, truncated(err)
		}
		return payload, nil
	}
	var payload bytes.Buffer
	if _, err := io.CopyN(&payload, b.r, length); err != nil {
		return nil, truncated(err)
	}
	return payload.Bytes(), nil
}

// end makes sure that nothing follows.
func (b *blockReader) end() error {
	b.at, b.number = b.next, b.number+1
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

package wire

import (
	"compress/zlib"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxFrame is how much of a Write becomes one frame at most, in bytes.
	maxFrame = 32 << 10
	// minCompressed is the size from which a payload is worth compressing.
	minCompressed = 50
)

// Write sends b in frames. An error stays: nobody knows how much of a frame has
// gone.
func (c *compressedConn) Write(b []byte) (n int, err error) {
	if c.writeErr != nil {
		return 0, c.writeErr
	}
	pool := compressorsFor(c.compression)
	f := pool.Get().(compressor)
	defer pool.Put(f)
	for len(b) > 0 {
		chunk := b[:min(len(b), maxFrame)]
		seq := uint8(c.seq.Add(1) - 1)
		if _, err := c.Conn.Write(f.frame(chunk, seq)); err != nil {
			c.writeErr = err
			return n, err
		}
		n += len(chunk)
		b = b[len(chunk):]
	}
	return n, nil
}

// compressor makes frames in a buffer of its own. It is used by one goroutine at
// a time.
type compressor interface {
	// frame makes a frame of 1 to maxFrame bytes, which is good until the next.
	frame(payload []byte, seq uint8) []byte
}

// What compresses is expensive to make and large, and needed only while something
// is written.
var (
	zlibCompressors   = sync.Pool{New: func() any { return newZlibCompressor() }}
	zstdCompressors   = sync.Pool{New: func() any { return newZstdCompressor(zstd.SpeedFastest) }}
	betterCompressors = sync.Pool{New: func() any { return newZstdCompressor(zstd.SpeedDefault) }}
)

// compressorsFor picks by algorithm and level. Clients may ask for levels that
// would cost us a hundred times what they cost them: two are enough.
func compressorsFor(c Compression) *sync.Pool {
	const defaultLevel = 3
	switch {
	case c.Algorithm == Zlib:
		return &zlibCompressors
	case c.Level <= defaultLevel:
		return &zstdCompressors
	default:
		return &betterCompressors
	}
}

// finishFrame fills in the header of a frame whose compressed payload is in
// place, or stores the payload where compressing it has gained nothing.
func finishFrame(frame, payload []byte, seq uint8) []byte {
	expanded := len(payload)
	if len(frame) >= compressedHeaderLen+len(payload) || len(frame) == compressedHeaderLen {
		frame = append(frame[:compressedHeaderLen], payload...)
		expanded = 0
	}
	PutHeader(frame, len(frame)-compressedHeaderLen, seq)
	frame[4], frame[5], frame[6] = byte(expanded), byte(expanded>>8), byte(expanded>>16)
	return frame
}

type zlibCompressor struct {
	writer *zlib.Writer
	out    frameBuffer
}

// frameBuffer collects what a zlib.Writer writes.
type frameBuffer []byte

func (f *frameBuffer) Write(b []byte) (int, error) {
	*f = append(*f, b...)
	return len(b), nil
}

func newZlibCompressor() *zlibCompressor {
	writer, err := zlib.NewWriterLevel(io.Discard, zlib.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return &zlibCompressor{writer: writer, out: make(frameBuffer, compressedHeaderLen, compressedHeaderLen+maxFrame)}
}

func (z *zlibCompressor) frame(payload []byte, seq uint8) []byte {
	z.out = z.out[:compressedHeaderLen]
	if len(payload) >= minCompressed {
		z.writer.Reset(&z.out)
		_, err := z.writer.Write(payload)
		if err == nil {
			err = z.writer.Close()
		}
		if err != nil { // only if out returned one: the payload is stored
			z.out = z.out[:compressedHeaderLen]
		}
	}
	z.out = finishFrame(z.out, payload, seq)
	return z.out
}

type zstdCompressor struct {
	encoder *zstd.Encoder
	out     []byte
}

func newZstdCompressor(level zstd.EncoderLevel) *zstdCompressor {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(maxFrame), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // only for options that do not fit together
	}
	return &zstdCompressor{encoder: encoder, out: make([]byte, compressedHeaderLen, compressedHeaderLen+maxFrame)}
}

func (z *zstdCompressor) frame(payload []byte, seq uint8) []byte {
	z.out = z.out[:compressedHeaderLen]
	if len(payload) >= minCompressed {
		z.out = z.encoder.EncodeAll(payload, z.out)
	}
	z.out = finishFrame(z.out, payload, seq)
	return z.out
}

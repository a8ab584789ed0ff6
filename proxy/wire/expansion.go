package wire

import (
	"compress/zlib"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// expansion is one compressed payload that is being expanded. The client's
// lengths bound what is read and what is given out; memory is bounded by
// constants.
type expansion struct {
	home     *sync.Pool
	source   payload
	expander expander
	began    bool // the expander has seen bytes
	rest     int  // expanded bytes still to be given out
	probe    [1]byte
}

// expander expands one payload after the other.
type expander interface {
	// begin starts with a payload of which as much as fits is in its buffer.
	begin(source *payload, expanded int) error
	io.Reader
	// end forgets the payload.
	end()
}

var (
	zlibExpansions = sync.Pool{New: func() any { return &expansion{expander: new(zlibExpander)} }}
	zstdExpansions = sync.Pool{New: func() any { return &expansion{expander: newZstdExpander()} }}
)

func (a Algorithm) expansions() *sync.Pool {
	if a == Zstd {
		return &zstdExpansions
	}
	return &zlibExpansions
}

// expand starts with a payload that comes from r: length bytes there, and
// expanded bytes when it is expanded. Nothing is read yet.
func expand(r io.Reader, a Algorithm, length, expanded int) *expansion {
	pool := a.expansions()
	e := pool.Get().(*expansion)
	e.home = pool
	e.source.from, e.source.left, e.source.r, e.source.w = r, length, 0, 0
	e.began, e.rest = false, expanded
	return e
}

// release gives everything back.
func (e *expansion) release() {
	e.expander.end()
	e.source.from = nil
	e.home.Put(e)
}

// read gives expanded bytes, at least one unless there is an error. The last ones
// come only when the payload ends there and its checksum is right.
func (e *expansion) read(b []byte) (int, error) {
	if !e.began {
		if err := e.source.fill(); err != nil {
			return 0, err
		}
		e.began = true
		if err := e.expander.begin(&e.source, e.rest); err != nil {
			return 0, broken(err)
		}
	}
	for {
		n, err := e.expander.Read(b[:min(len(b), e.rest)])
		e.rest -= n
		switch {
		case e.rest == 0:
			if err := e.atEnd(err); err != nil {
				return 0, err
			}
			return n, nil
		case err != nil:
			return 0, broken(inside(err))
		case n > 0:
			return n, nil
		}
	}
}

// atEnd makes sure that nothing follows. err is what came with the last bytes.
func (e *expansion) atEnd(err error) error {
	for n := 0; err == nil; {
		if n, err = e.expander.Read(e.probe[:]); n > 0 {
			return fmt.Errorf("%w: compressed frame is longer than it says", errMalformed)
		}
	}
	if err != io.EOF {
		return broken(inside(err))
	}
	if e.source.w > e.source.r || e.source.left > 0 {
		return fmt.Errorf("%w: compressed frame has bytes behind its end", errMalformed)
	}
	return nil
}

func broken(err error) error { return fmt.Errorf("expand compressed frame: %w", err) }

// payloadBuffer is how much of a compressed payload is buffered, in bytes. Most
// fit as a whole.
const payloadBuffer = 16 << 10

// payload is the compressed payload of one frame.
type payload struct {
	from io.Reader
	left int // bytes that are still to be read
	r, w int // buf[r:w] was read and not yet consumed
	buf  [payloadBuffer]byte
}

// fill buffers the payload or, of a large one, its beginning. It can be repeated
// after an error.
func (p *payload) fill() error {
	for p.left > 0 && p.w < len(p.buf) {
		n, err := p.from.Read(p.buf[p.w:min(len(p.buf), p.w+p.left)])
		p.w += n
		p.left -= n
		if err != nil && p.left > 0 && p.w < len(p.buf) {
			return inside(err)
		}
	}
	return nil
}

// whole is the payload when all of it is buffered.
func (p *payload) whole() (b []byte, ok bool) { return p.buf[p.r:p.w], p.left == 0 }

// more makes at least one byte available.
func (p *payload) more() error {
	if p.r < p.w {
		return nil
	}
	if p.left == 0 {
		return io.EOF
	}
	p.r, p.w = 0, 0
	for p.w == 0 {
		n, err := p.from.Read(p.buf[:min(len(p.buf), p.left)])
		p.w += n
		p.left -= n
		if err != nil && p.w == 0 {
			return inside(err)
		}
	}
	return nil
}

func (p *payload) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if err := p.more(); err != nil {
		return 0, err
	}
	n := copy(b, p.buf[p.r:p.w])
	p.r += n
	return n, nil
}

// ReadByte makes zlib read without a buffer of its own.
func (p *payload) ReadByte() (byte, error) {
	if err := p.more(); err != nil {
		return 0, err
	}
	b := p.buf[p.r]
	p.r++
	return b, nil
}

type zlibExpander struct {
	reader io.ReadCloser // nil until the first payload
}

func (z *zlibExpander) begin(source *payload, _ int) (err error) {
	if z.reader == nil {
		z.reader, err = zlib.NewReader(source)
		return err
	}
	return z.reader.(zlib.Resetter).Reset(source, nil)
}

func (z *zlibExpander) Read(b []byte) (int, error) { return z.reader.Read(b) }

// end keeps the reader: its source belongs to the same expansion.
func (z *zlibExpander) end() {}

// zstdExpander expands what is small at once, into a buffer, and the rest by a
// decoder made for it. A stream's decoder allocates the window that the client
// has chosen, up to maxWindow, and must not live on in a pool with it.
type zstdExpander struct {
	once   *zstd.Decoder
	buf    [maxFrame]byte
	out    []byte // the part of buf still to be given out
	stream *zstd.Decoder
}

// maxWindow bounds the window of a zstd stream in bytes. No frame expands to more,
// so no client needs a larger one.
const maxWindow = 16 << 20

func newZstdExpander() *zstdExpander {
	once, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // only for options that do not fit together
	}
	return &zstdExpander{once: once}
}

func (z *zstdExpander) begin(source *payload, expanded int) (err error) {
	if whole, ok := source.whole(); ok && expanded <= len(z.buf) {
		source.r = source.w
		z.out, err = z.once.DecodeAll(whole, z.buf[:0:expanded])
		return err
	}
	z.stream, err = zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	return err
}

func (z *zstdExpander) Read(b []byte) (int, error) {
	if z.stream != nil {
		return z.stream.Read(b)
	}
	if len(z.out) == 0 {
		return 0, io.EOF
	}
	n := copy(b, z.out)
	z.out = z.out[n:]
	return n, nil
}

func (z *zstdExpander) end() {
	z.out = nil
	if z.stream != nil {
		z.stream.Close()
		z.stream = nil
	}
}

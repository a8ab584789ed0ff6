package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"
)

// compressed are all ways to compress.
var compressed = map[string]Compression{
	"zlib":         {Algorithm: Zlib},
	"zstd":         {Algorithm: Zstd},
	"zstd, better": {Algorithm: Zstd, Level: 22},
}

// halves is a connection that reads from one place and writes to another.
type halves struct {
	net.Conn
	io.Reader
	sent   bytes.Buffer
	writes int
	fail   error // of the next write
}

func (s *halves) Read(b []byte) (int, error) { return s.Reader.Read(b) }

func (s *halves) Write(b []byte) (int, error) {
	if s.fail != nil {
		return 0, s.fail
	}
	s.writes++
	return s.sent.Write(b)
}

// written is what a connection sends when these are written to it.
func written(t testing.TB, c Compression, writes ...[]byte) []byte {
	t.Helper()
	conn := &halves{}
	w := Compress(conn, c)
	for _, b := range writes {
		if n, err := w.Write(b); n != len(b) || err != nil {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
	}
	return conn.sent.Bytes()
}

// frames takes a stream apart without expanding it.
func frames(t *testing.T, stream []byte) (payloads, expanded []int, seqs []uint8) {
	t.Helper()
	for len(stream) > 0 {
		length, seq := ParseHeader(stream)
		payloads, seqs = append(payloads, length), append(seqs, seq)
		expanded = append(expanded, int(stream[4])|int(stream[5])<<8|int(stream[6])<<16)
		stream = stream[compressedHeaderLen+length:]
	}
	return payloads, expanded, seqs
}

func TestCompressedBytesComeBackAsTheyWere(t *testing.T) {
	noise := make([]byte, 100_000)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(noise)
	for name, c := range compressed {
		t.Run(name, func(t *testing.T) {
			writes := [][]byte{
				{1},
				bytes.Repeat([]byte{2}, minCompressed-1), bytes.Repeat([]byte{3}, minCompressed),
				bytes.Repeat([]byte("row "), maxFrame/4), bytes.Repeat([]byte("rows "), maxFrame), noise,
			}
			stream := written(t, c, writes...)
			for how, from := range map[string]io.Reader{
				"at once": bytes.NewReader(stream), "byte by byte": iotest.OneByteReader(bytes.NewReader(stream)),
				"with EOF": iotest.DataErrReader(bytes.NewReader(stream)),
			} {
				got, err := io.ReadAll(Compress(&halves{Reader: from}, c))
				if err != nil || !bytes.Equal(got, bytes.Join(writes, nil)) {
					t.Errorf("%s: %d bytes, %v", how, len(got), err)
				}
			}
		})
	}
}

func TestWriteOfABufferIsOneFrame(t *testing.T) {
	for name, c := range compressed {
		stream := written(t, c, bytes.Repeat([]byte("x"), maxFrame), bytes.Repeat([]byte("y"), maxFrame+1), []byte("z"))
		payloads, expanded, seqs := frames(t, stream)
		if len(payloads) != 4 || expanded[0] != maxFrame || expanded[1] != maxFrame || expanded[2] != 0 || expanded[3] != 0 ||
			payloads[0] > maxFrame/10 || payloads[3] != 1 || !bytes.Equal(seqs, []byte{0, 1, 2, 3}) {
			t.Errorf("%s: frames of %d bytes for %d, numbered %d", name, payloads, expanded, seqs)
		}
	}
}

func TestWhatDoesNotShrinkIsStored(t *testing.T) {
	noise := make([]byte, maxFrame)
	_, _ = rand.NewChaCha8([32]byte{2}).Read(noise)
	for name, c := range compressed {
		payloads, expanded, _ := frames(t, written(t, c, noise, []byte(strings.Repeat("x", minCompressed-1))))
		if len(payloads) != 2 || payloads[0] != maxFrame || expanded[0] != 0 || payloads[1] != minCompressed-1 || expanded[1] != 0 {
			t.Errorf("%s: %d for %d", name, payloads, expanded)
		}
	}
}

// The example of the protocol's documentation.
func TestFrameOfTheDocumentation(t *testing.T) {
	frame, err := hex.DecodeString("22000000320000" + "789cd3636060602e4ecd494d2e51503230343236313533b7b0c4cd5202000cd10a6c")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(Compress(&halves{Reader: bytes.NewReader(frame)}, Compression{Algorithm: Zlib}))
	want := packetOf(0, []byte("\x03select \"012345678901234567890123456789012345\""))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNumbersOfFramesBeginAnewWithACommand(t *testing.T) {
	frame := func(seq uint8) []byte { return append([]byte{1, 0, 0, seq, 0, 0, 0}, 'x') }
	for name, c := range map[string]struct {
		read  []byte
		bad   bool
		reply uint8
	}{
		"command":                   {frame(0), false, 1},
		"command of two frames":     {append(frame(0), frame(1)...), false, 2},
		"two commands sent at once": {append(frame(0), frame(0)...), false, 1},
		"a hole":                    {append(frame(0), frame(2)...), true, 0},
		"not a beginning":           {frame(1), true, 0},
	} {
		conn := &halves{Reader: bytes.NewReader(c.read)}
		w := Compress(conn, Compression{Algorithm: Zlib})
		_, err := io.ReadAll(w)
		if (err != nil) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
		if c.bad {
			continue
		}
		for i := range 2 {
			if _, err := w.Write([]byte("y")); err != nil {
				t.Fatal(err)
			}
			if _, _, seqs := frames(t, conn.sent.Bytes()); seqs[i] != c.reply+uint8(i) {
				t.Errorf("%s: answer numbered %d", name, seqs)
			}
		}
		conn.Reader = bytes.NewReader(frame(c.reply + 2)) // as the data of LOCAL INFILE
		if _, err := io.ReadAll(w); err != nil {
			t.Errorf("%s: then %v", name, err)
		}
	}
}

// compressedFrame is a frame that says to expand to so many bytes.
func compressedFrame(payload []byte, expanded int) []byte {
	out := make([]byte, compressedHeaderLen, compressedHeaderLen+len(payload))
	PutHeader(out, len(payload), 0)
	out[4], out[5], out[6] = byte(expanded), byte(expanded>>8), byte(expanded>>16)
	return append(out, payload...)
}

// payloadOf compresses b, in one frame whatever its size.
func payloadOf(t testing.TB, a Algorithm, b []byte) []byte {
	t.Helper()
	if a == Zstd {
		encoder, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = encoder.Close() }()
		return encoder.EncodeAll(b, nil)
	}
	z := newZlibCompressor()
	z.writer.Reset(&z.out)
	if _, err := z.writer.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.writer.Close(); err != nil {
		t.Fatal(err)
	}
	return z.out[compressedHeaderLen:]
}

func TestFramesThatLieAreRefused(t *testing.T) {
	small, large := bytes.Repeat([]byte("ab"), 500), bytes.Repeat([]byte("ab"), 5<<20)
	for name, c := range compressed {
		for size, plain := range map[string][]byte{"small": small, "large": large} {
			payload := payloadOf(t, c.Algorithm, plain)
			cut := payload[:len(payload)-1]
			spoilt := bytes.Clone(payload)
			spoilt[0] ^= 0xff
			checksum := bytes.Clone(payload)
			checksum[len(checksum)-1] ^= 1
			for what, frame := range map[string][]byte{
				"says less":           compressedFrame(payload, len(plain)-1),
				"says one":            compressedFrame(payload, 1),
				"says more":           compressedFrame(payload, len(plain)+1),
				"cut":                 compressedFrame(cut, len(plain)),
				"bytes behind":        compressedFrame(append(bytes.Clone(payload), 0), len(plain)),
				"bad beginning":       compressedFrame(spoilt, len(plain)),
				"bad checksum":        compressedFrame(checksum, len(plain)),
				"connection ends":     compressedFrame(payload, len(plain))[:compressedHeaderLen+len(payload)-1],
				"ends in the header":  compressedFrame(payload, len(plain))[:5],
				"ends behind it":      compressedFrame(payload, len(plain))[:compressedHeaderLen],
				"no payload":          compressedFrame(nil, len(plain)),
				"no payload, nothing": compressedFrame(nil, 0),
				"stored and cut":      compressedFrame(payload, 0)[:compressedHeaderLen+1],
			} {
				w := Compress(&halves{Reader: bytes.NewReader(frame)}, c)
				got, err := io.ReadAll(w)
				if tooMuch := len(got) >= len(plain) && what != "says more"; err == nil || tooMuch || !bytes.HasPrefix(plain, got) && frame[4] != 0 {
					t.Errorf("%s, %s, %s: %d bytes, %v", name, size, what, len(got), err)
				}
				if _, again := w.Read(make([]byte, 1)); again == nil || again.Error() != err.Error() {
					t.Errorf("%s, %s, %s: %v, then %v", name, size, what, err, again)
				}
			}
		}
	}
}

// A bomb expands as far as it says and takes no more memory than its reader.
func TestBombsAreExpandedInConstantMemory(t *testing.T) {
	const size = MaxPacketPayload
	for name, c := range compressed {
		frame := compressedFrame(payloadOf(t, c.Algorithm, make([]byte, size)), size)
		if len(frame) > size/500 {
			t.Fatalf("%s: %d bytes are no bomb", name, len(frame))
		}
		w := Compress(&halves{Reader: bytes.NewReader(frame)}, c)
		b := make([]byte, 1<<10)
		if _, err := io.ReadFull(w, b); err != nil {
			t.Fatal(err)
		}
		rest, err := io.Copy(io.Discard, w)
		if err != nil || rest != size-int64(len(b)) {
			t.Errorf("%s: %d bytes, %v", name, rest, err)
		}
	}
}

func TestIdleConnectionsHoldNoBuffers(t *testing.T) {
	for name, c := range compressed {
		for _, size := range []int{10, 1000, 1 << 20} {
			plain := bytes.Repeat([]byte("z"), size)
			w := Compress(&halves{Reader: bytes.NewReader(compressedFrame(payloadOf(t, c.Algorithm, plain), size))}, c)
			if _, err := io.ReadFull(w, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
			if inner := w.(*compressedConn); inner.frame != nil {
				t.Errorf("%s: an expansion is held behind a frame of %d bytes", name, size)
			}
		}
	}
}

// interrupted lets a deadline pass before every byte.
type interrupted struct {
	from io.Reader
	next bool
}

func (i *interrupted) Read(b []byte) (int, error) {
	if i.next = !i.next; i.next {
		return 0, os.ErrDeadlineExceeded
	}
	return i.from.Read(b[:1])
}

func TestReadGoesOnBehindADeadline(t *testing.T) {
	for name, c := range compressed {
		want := bytes.Repeat([]byte("command "), 1000)
		stream := append(written(t, c, want), compressedFrame([]byte("stored"), 0)...)
		w := Compress(&halves{Reader: &interrupted{from: bytes.NewReader(stream)}}, c)
		var got []byte
		for b := make([]byte, 700); ; {
			n, err := w.Read(b)
			got = append(got, b[:n]...)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				continue
			}
			if err != nil {
				if err != io.EOF {
					t.Errorf("%s: %v", name, err)
				}
				break
			}
		}
		if !bytes.Equal(got, append(want, "stored"...)) {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}

func TestDeadlineInTheMiddleOfALargeFrameStays(t *testing.T) {
	noise := make([]byte, 2*payloadBuffer)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(noise)
	frame := compressedFrame(payloadOf(t, Zlib, noise), len(noise))
	w := Compress(&halves{Reader: io.MultiReader(bytes.NewReader(frame[:payloadBuffer+100]), iotest.ErrReader(os.ErrDeadlineExceeded))}, Compression{Algorithm: Zlib})
	for range 2 {
		if _, err := io.Copy(io.Discard, w); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	}
}

func TestFailedWriteEndsTheStream(t *testing.T) {
	conn := &halves{fail: io.ErrClosedPipe}
	w := Compress(conn, Compression{Algorithm: Zlib})
	if n, err := w.Write([]byte("x")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%d, %v", n, err)
	}
	conn.fail = nil
	if _, err := w.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) || conn.writes > 0 {
		t.Errorf("%v, %d writes", err, conn.writes)
	}
}

func TestNothingToCompressIsTheConnectionItself(t *testing.T) {
	if conn := (&halves{}); Compress(conn, Compression{}) != net.Conn(conn) {
		t.Error("wrapped for nothing")
	}
}

func TestCompressedConnectionPassesOnTheRest(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	w := Compress(accepted, Compression{Algorithm: Zstd})
	if w.(interface{ NetConn() net.Conn }).NetConn() != accepted {
		t.Error("the connection below is another")
	}
	if err := w.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
	if err := w.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes, %v", n, err)
	}
	pipe := Compress(&halves{}, Compression{Algorithm: Zlib})
	if err := pipe.(interface{ CloseWrite() error }).CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// FuzzCompressedStream reads a hostile stream at once and in pieces.
func FuzzCompressedStream(f *testing.F) {
	for _, c := range compressed {
		stream := written(f, c, []byte("short"), bytes.Repeat([]byte("select "), 100), bytes.Repeat([]byte("row "), 200))
		f.Add(stream, uint8(7), c.Algorithm == Zstd)
		f.Add(compressedFrame(payloadOf(f, c.Algorithm, make([]byte, 40<<10)), 40<<10), uint8(3), c.Algorithm == Zstd)
		f.Add(stream[:len(stream)/2], uint8(1), c.Algorithm == Zstd)
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8, isZstd bool) {
		c := Compression{Algorithm: Zlib}
		if isZstd {
			c.Algorithm = Zstd
		}
		all, err := readBounded(Compress(&halves{Reader: bytes.NewReader(stream)}, c), 32<<10)
		pieces := &pieceReader{from: bytes.NewReader(stream), size: 1 + int(piece)}
		again, err2 := readBounded(Compress(&halves{Reader: pieces}, c), 1+int(piece))
		// What is given out before an error may differ, by what the last Read held back.
		if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() || err == nil && !bytes.Equal(all, again) {
			t.Fatalf("%d bytes and %v at once, %d bytes and %v in pieces", len(all), err, len(again), err2)
		}
		if short := min(len(all), len(again)); !bytes.Equal(all[:short], again[:short]) {
			t.Fatal("the bytes depend on the pieces")
		}
		if announced := announcedBytes(stream); len(all) > announced || len(again) > announced {
			t.Fatalf("%d bytes, %d were announced", len(all), announced)
		}
	})
}

type pieceReader struct {
	from io.Reader
	size int
}

func (p *pieceReader) Read(b []byte) (int, error) { return p.from.Read(b[:min(len(b), p.size)]) }

func readBounded(r io.Reader, size int) (all []byte, err error) {
	for b := make([]byte, size); len(all) < 64<<20; {
		n, err := r.Read(b)
		all = append(all, b[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// announcedBytes is how much the headers of a stream say that it holds.
func announcedBytes(stream []byte) (sum int) {
	for len(stream) >= compressedHeaderLen {
		length, _ := ParseHeader(stream)
		if expanded := int(stream[4]) | int(stream[5])<<8 | int(stream[6])<<16; expanded > 0 {
			sum += expanded
		} else {
			sum += length
		}
		stream = stream[min(len(stream), compressedHeaderLen+length):]
	}
	return sum
}

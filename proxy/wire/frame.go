package wire

import "fmt"

// maxPrefix is how much of a packet can matter to the tracker, in bytes: an OK
// packet up to its warnings. The rest is skipped.
const maxPrefix = 1 + 9 + 9 + 2 + 2

// frame takes a byte stream apart into logical packets, of which it keeps the
// first bytes and the length.
type frame struct {
	seq     uint8 // of the next physical packet
	anySeq  bool  // whatever the next number is, counting goes on from it
	started bool  // a byte has come

	head     [HeaderLen]byte // the header in hand
	headLen  int             // how much of it has come, until it is whole
	inPacket bool            // in the middle of a logical packet, besides head
	split    bool            // the physical packet in hand is continued by another
	left     int             // payload bytes of the physical packet still to come

	part      int   // payload bytes at the end of what feed took last
	length    int64 // payload bytes of the logical packet that have come
	prefix    [maxPrefix]byte
	prefixLen int
}

// feed consumes bytes up to the end of at most one header or payload. whole says
// that a logical packet is complete: prefix and length tell about it.
func (f *frame) feed(b []byte) (used int, whole bool, err error) {
	f.part = 0
	if len(b) == 0 {
		return 0, false, nil
	}
	f.started = true
	if f.left == 0 {
		used = copy(f.head[f.headLen:], b)
		f.headLen += used
		if f.headLen < HeaderLen {
			return used, false, nil
		}
		if err := f.open(); err != nil {
			return used, false, err
		}
	}
	payload := b[used:min(len(b), used+f.left)]
	f.prefixLen += copy(f.prefix[f.prefixLen:], payload)
	f.part = len(payload)
	f.length += int64(len(payload))
	f.left -= len(payload)
	used += len(payload)
	if f.left > 0 || f.split {
		return used, false, nil
	}
	f.inPacket = false
	return used, true, nil
}

// position is where a stream can be left: behind a whole packet or, when the one in
// hand began in an earlier piece, within it.
type position struct {
	at                 int // bytes of the piece at hand
	seq                uint8
	started, midPacket bool
}

func (f *frame) position() position {
	return position{seq: f.seq, started: f.started, midPacket: f.headLen > 0 || f.inPacket}
}

// goBack leaves the stream at a position. It cannot be fed any more.
func (f *frame) goBack(p position) {
	f.headLen, f.inPacket = 0, p.midPacket
	f.seq, f.started = p.seq, p.started
}

// short reports whether the packet in hand, of which some payload has come, is
// the only physical packet of its logical packet.
func (f *frame) short() bool { return f.length+int64(f.left) < MaxPacketPayload }

// open begins the physical packet whose header is in hand.
func (f *frame) open() error {
	length, seq := ParseHeader(f.head[:])
	if seq != f.seq && !f.anySeq {
		return fmt.Errorf("%w: sequence number %d instead of %d", errMalformed, seq, f.seq)
	}
	f.seq, f.anySeq = seq+1, false
	f.headLen = 0
	f.left = length
	f.split = length == MaxPacketPayload
	if !f.inPacket {
		f.inPacket = true
		f.length, f.prefixLen = 0, 0
	}
	return nil
}

// skipRows consumes rows that lie in b as a whole, up to whatever may be
// something else: a terminal packet, a fragment, a packet of more than
// MaxPacketPayload bytes, a wrong sequence number. It is what makes large results
// cheap: feed copes with everything else.
func (f *frame) skipRows(b []byte) (n int) {
	if f.headLen > 0 || f.inPacket || f.anySeq {
		return 0
	}
	for len(b)-n > HeaderLen {
		length, seq := ParseHeader(b[n:])
		end := n + HeaderLen + length
		if length == 0 || length == MaxPacketPayload || end > len(b) || seq != f.seq || b[n+HeaderLen] >= markEOF {
			break
		}
		f.seq++
		n = end
	}
	return n
}

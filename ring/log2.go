package ring

import "math/bits"

// Logarithms are fixed-point numbers with logBits bits after the point; those
// of 64-bit numbers have 6 before it.
const (
	logBits   = 56
	tableBits = 10 // the table's step is 1/2^tableBits
)

// log2Table holds log2(1 + i/2^tableBits). Linear interpolation between its
// entries is wrong by less than 2e-7.
var log2Table = makeLog2Table()

func makeLog2Table() (table [1<<tableBits + 1]uint64) {
	for i := range 1 << tableBits {
		table[i] = fractionalLog2(uint64(1<<tableBits+i) << (63 - tableBits))
	}
	table[1<<tableBits] = 1 << logBits
	return table
}

// fractionalLog2 returns log2 of m/2^63 for m from 2^63 to 2^64-1, bit by bit:
// squaring doubles the logarithm.
func fractionalLog2(m uint64) uint64 {
	var log uint64
	for range logBits {
		log <<= 1
		hi, lo := bits.Mul64(m, m) // m²/2^126, from 1 up to 4
		if hi >= 1<<63 {
			log |= 1
			m = hi
		} else {
			m = hi<<1 | lo>>63
		}
	}
	return log
}

// negLog2 returns -log2(h/2^64), a number above 0 and at most 64. It never
// grows with h. Zero counts as 1.
func negLog2(h uint64) uint64 {
	h = max(h, 1)
	zeros := bits.LeadingZeros64(h)
	mantissa := h << zeros << 1 // the leading 1 dropped
	i := mantissa >> (64 - tableBits)
	rest := mantissa << tableBits
	rise, _ := bits.Mul64(log2Table[i+1]-log2Table[i], rest)
	whole := uint64(63 - zeros)
	return 64<<logBits - (whole<<logBits + log2Table[i] + rise)
}

// atLeastNegLog2 returns a number that negLog2(h) is never below, and next to it
// where h is large. It costs a fraction: -log2(u) is at least (1-u) · log2(e),
// and log2(e) is a little more than 23/16.
func atLeastNegLog2(h uint64) uint64 {
	return ^h >> (64 - logBits + 4) * 23
}

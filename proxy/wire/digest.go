package wire

// The parameters of 64-bit FNV-1a.
const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

// digest is a running hash of packets. It depends on their payloads and on where
// each ends, not on how they are cut into fragments. It is no protection from
// somebody who makes up collisions.
type digest uint64

// begin starts anew with the numbers of columns and parameters.
func (d *digest) begin(columns, params uint16) {
	*d = fnvBasis
	d.number(uint64(params)<<16 | uint64(columns))
}

func (d *digest) write(b []byte) {
	h := uint64(*d)
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	*d = digest(h)
}

// end ends a packet of length bytes.
func (d *digest) end(length int64) { d.number(uint64(length)) }

func (d *digest) number(n uint64) {
	for range 8 {
		d.write([]byte{byte(n)})
		n >>= 8
	}
}

// sum returns the hash, which is never 0.
func (d *digest) sum() uint64 { return max(uint64(*d), 1) }

package ring

import "math/bits"

// Policy bounds automatic balancing.
type Policy struct {
	// MaxShareMille is the largest share of new core objects, in thousandths,
	// that automatic balancing may give to one library; the package comment
	// says where the operator's weights allow more. Zero means
	// DefaultMaxShareMille, and what is above 1000 counts as 1000.
	MaxShareMille uint32
	// SettleLoad is the load below which gaps hardly count, in the unit of
	// Library.Load. Zero means DefaultSettleLoad.
	SettleLoad uint64
}

// DefaultMaxShareMille lets balancing send half of the new core objects to one
// library.
const DefaultMaxShareMille = 500

// DefaultSettleLoad suits loads that are numbers of core objects.
const DefaultSettleLoad = 64

func (p Policy) maxShare() uint64 {
	mille := uint64(p.MaxShareMille)
	if mille == 0 {
		mille = DefaultMaxShareMille
	}
	return min(mille, 1000) * shareOne / 1000
}

func (p Policy) settleLoad() uint64 {
	if p.SettleLoad == 0 {
		return DefaultSettleLoad
	}
	return p.SettleLoad
}

const (
	// shareOne is 1 in the fixed-point numbers of shares.
	shareOne = 1 << 30
	// fillRatio is how much more than it has a library must lack for its
	// automatic weight to grow by 1, turned over.
	fillRatio = 64
	// maxExtra bounds what automatic balancing adds to a library's automatic
	// weight of 1.
	maxExtra = 1<<16 - 1
	// autoBits are the bits after the point in an effective weight. With 20 bits
	// of the operator's weight and 16 of the automatic one, it is below 2^52, and
	// the sum of all within 64 bits.
	autoBits = 16
	// maxLoad keeps products with weights within 64 bits. Loads above it are
	// scaled down, all by the same power of two.
	maxLoad = 1<<36 - 1
)

// balance returns the effective weights of libraries that are open and have
// weights from 1 to MaxWeight; see the package comment.
func balance(libraries []Library, policy Policy) []uint64 {
	weights := automaticWeights(libraries, policy.settleLoad())
	var operator uint64 // W
	for i, l := range libraries {
		operator += uint64(l.Weight)
		weights[i] += uint64(l.Weight) << autoBits
	}
	capWeights(weights, shareCaps(libraries, operator, policy.maxShare()))
	return weights
}

// automaticWeights returns w_i · (a_i - 1), with autoBits after the point. It
// depends on the library itself and on the fullest one only.
func automaticWeights(libraries []Library, settle uint64) []uint64 {
	loads, settle := scaledLoads(libraries, settle)
	fullest := 0
	for i, l := range libraries {
		if loads[i]*uint64(libraries[fullest].Weight) > loads[fullest]*uint64(l.Weight) {
			fullest = i
		}
	}
	weights := make([]uint64, len(libraries))
	for i, l := range libraries {
		// F is a fraction with the fullest library's weight below the line; gap
		// and has are multiplied by that weight.
		weight := uint64(libraries[fullest].Weight)
		gap := loads[fullest]*uint64(l.Weight) - loads[i]*weight
		has := (fillRatio*settle + loads[i]) * weight
		own := uint64(l.Weight) << autoBits
		switch {
		case gap == 0:
		case lessQuotient(maxExtra, 1, fillRatio*gap, has):
			weights[i] = own * maxExtra
		default:
			weights[i] = mulDiv(own, fillRatio*gap, has)
		}
	}
	return weights
}

// scaledLoads returns the libraries' loads and settle, small enough.
func scaledLoads(libraries []Library, settle uint64) ([]uint64, uint64) {
	loads := make([]uint64, len(libraries))
	most := settle
	for i, l := range libraries {
		loads[i] = l.Load
		most = max(most, l.Load)
	}
	shift := max(0, bits.Len64(most)-bits.Len64(maxLoad))
	for i := range loads {
		loads[i] >>= shift
	}
	return loads, settle >> shift
}

// shareCaps returns the largest share of each library in units of 1/shareOne.
func shareCaps(libraries []Library, operator, maxShare uint64) []uint64 {
	caps := make([]uint64, len(libraries))
	for i, l := range libraries {
		caps[i] = min(shareOne, max(maxShare, 3*uint64(l.Weight)*shareOne/(2*operator)))
	}
	return caps
}

// capWeights lowers weights until no share is above its cap. Lowering one
// raises the others' shares, so it goes round until none is above; each round
// caps at least one more. The caps add up to more than 1, so some library is
// never capped.
func capWeights(weights, caps []uint64) {
	capped := make([]bool, len(weights))
	for {
		var free uint64          // sum of the weights that are not capped
		left := uint64(shareOne) // share that the capped ones leave to them
		for i, weight := range weights {
			if capped[i] {
				left -= caps[i]
			} else {
				free += weight
			}
		}
		again := false
		for i, weight := range weights {
			// The share is weight/total with total = free/left.
			if !capped[i] && lessQuotient(caps[i], left, weight, free) {
				capped[i], again = true, true
			}
		}
		if !again {
			for i := range weights {
				if capped[i] {
					weights[i] = mulDiv(caps[i], free, left)
				}
			}
			return
		}
	}
}

// mulDiv returns a·b/c, which must be below 2^64.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	q, _ := bits.Div64(hi, lo, c)
	return q
}

package nemesis

import (
	"math/rand/v2"
	"time"
)

// act is what is done between two times of calm.
type act struct {
	calm    time.Duration // before it
	strikes []strike
}

// strike is one nemesis's part in an act.
type strike struct {
	nemesis Nemesis
	after   time.Duration // the act's beginning
	seed    [2]uint64     // of all its choices; they depend on no other strike's
}

const (
	minCalm, maxCalm = 500 * time.Millisecond, 4 * time.Second
	maxAfter         = 1500 * time.Millisecond
	maxTogether      = 3
)

// next draws the next act: mostly one strike, sometimes two or three.
func next(random *rand.Rand, chosen []Nemesis) act {
	a := act{calm: between(random, minCalm, maxCalm)}
	together := 1
	for together < min(maxTogether, len(chosen)) && random.IntN(3) == 0 {
		together++
	}
	for i, which := range random.Perm(len(chosen))[:together] {
		s := strike{nemesis: chosen[which], seed: [2]uint64{random.Uint64(), random.Uint64()}}
		if i > 0 {
			s.after = between(random, 0, maxAfter)
		}
		a.strikes = append(a.strikes, s)
	}
	return a
}

// between draws a time.
func between(random *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(random.Int64N(int64(to-from)))
}

package latency

import (
	"math/bits"
	"time"
)

const (
	// spreadParts is how many buckets there are from one power of two to the next: a
	// quantile is off by a quarter at most.
	spreadParts = 4
	// spreadPowers is how many powers of two, from one microsecond on, have buckets of
	// their own. The last bucket is of what takes longer than two hours.
	spreadPowers = 32
)

// Spread counts durations by size, finely enough for quantiles of each of many
// things. The zero value is empty. Whoever uses it keeps others from it meanwhile:
// it has no lock.
type Spread struct {
	counts   [spreadPowers * spreadParts]uint64
	n        uint64
	sum      time.Duration
	min, max time.Duration
}

// Observe counts one duration.
func (s *Spread) Observe(d time.Duration) {
	d = max(d, 0)
	if s.n == 0 || d < s.min {
		s.min = d
	}
	s.max = max(s.max, d)
	s.n++
	s.sum += d
	s.counts[spreadIndex(d)]++
}

// spreadIndex returns the bucket of a duration: by its highest bit in microseconds,
// and by the two bits behind that.
func spreadIndex(d time.Duration) int {
	us := uint64(d / time.Microsecond)
	if us < spreadParts {
		return int(us)
	}
	power := bits.Len64(us) - 1
	return min(power*spreadParts+int(us>>(power-2))-2*spreadParts, spreadPowers*spreadParts-1)
}

// spreadStart returns the shortest duration of a bucket.
func spreadStart(i int) time.Duration {
	if i < spreadParts {
		return time.Duration(i) * time.Microsecond
	}
	power := i/spreadParts + 1
	return time.Duration(spreadParts+i%spreadParts) << (power - 2) * time.Microsecond
}

// Count is how many durations were observed.
func (s *Spread) Count() uint64 { return s.n }

// Sum is that of all durations.
func (s *Spread) Sum() time.Duration { return s.sum }

// Min is the shortest duration, 0 of none.
func (s *Spread) Min() time.Duration { return s.min }

// Max is the longest duration, 0 of none.
func (s *Spread) Max() time.Duration { return s.max }

// Quantile estimates what the part q of all durations, from 0 to 1, does not
// exceed; 0 of none.
func (s *Spread) Quantile(q float64) time.Duration {
	rank := q * float64(s.n)
	below := 0.0
	for i, count := range s.counts {
		if count == 0 {
			continue
		}
		if n := float64(count); below+n < rank {
			below += n
			continue
		}
		from, to := spreadStart(i), s.max
		if i+1 < len(s.counts) {
			to = spreadStart(i + 1)
		}
		part := (rank - below) / float64(count)
		return min(max(from+time.Duration(part*float64(to-from)), s.min), s.max)
	}
	return s.max
}

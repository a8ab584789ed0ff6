package latency

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEveryDurationIsInTheBucketThatHasIt(t *testing.T) {
	for us := range 1 << 20 {
		d := time.Duration(us) * time.Microsecond
		if i := spreadIndex(d); spreadStart(i) > d || spreadStart(i+1) <= d {
			t.Fatalf("%v is in bucket %d, from %v to %v", d, i, spreadStart(i), spreadStart(i+1))
		}
	}
	if i := spreadIndex(1 << 62); i != spreadPowers*spreadParts-1 {
		t.Errorf("the longest is in bucket %d", i)
	}
}

func TestQuantilesAreNearWhatWasObserved(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var (
		s   Spread
		all []time.Duration
		sum time.Duration
	)
	for range 10_000 {
		d := time.Duration(random.ExpFloat64() * float64(3*time.Millisecond))
		s.Observe(d)
		all, sum = append(all, d), sum+d
	}
	slices.Sort(all)
	for _, q := range []float64{0.5, 0.95, 0.99} {
		want := all[int(q*float64(len(all)))]
		if got := s.Quantile(q); got < want*7/8 || got > want*9/8 {
			t.Errorf("%v of all: %v, want about %v", q, got, want)
		}
	}
	if s.Count() != 10_000 || s.Sum() != sum || s.Min() != all[0] || s.Max() != all[len(all)-1] {
		t.Errorf("count %d, sum %v, min %v, max %v", s.Count(), s.Sum(), s.Min(), s.Max())
	}
	if got := s.Quantile(1); got != s.Max() {
		t.Errorf("all do not exceed %v, the longest is %v", got, s.Max())
	}
}

func TestOneDurationIsEveryQuantile(t *testing.T) {
	var s Spread
	if s.Quantile(0.95) != 0 || s.Min() != 0 {
		t.Errorf("of none: %v, %v", s.Quantile(0.95), s.Min())
	}
	for _, d := range []time.Duration{-time.Second, 300 * time.Nanosecond, 12345 * time.Microsecond, 3 * time.Hour} {
		s := Spread{}
		s.Observe(d)
		if want := max(d, 0); s.Quantile(0.95) != want || s.Quantile(0) != want {
			t.Errorf("%v: %v, %v", d, s.Quantile(0.95), s.Quantile(0))
		}
	}
}

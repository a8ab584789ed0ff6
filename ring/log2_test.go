package ring

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestNegLog2IsCloseToTheLogarithm(t *testing.T) {
	check := func(h uint64) {
		got := float64(negLog2(h)) / (1 << logBits)
		want := 64 - math.Log2(float64(h))
		if math.Abs(got-want) > 2e-7 {
			t.Errorf("negLog2(%#x) = %v, want %v", h, got, want)
		}
	}
	for shift := range 64 {
		check(1 << shift)
		check(math.MaxUint64 >> shift)
	}
	rapid.Check(t, func(t *rapid.T) { check(max(1, rapid.Uint64().Draw(t, "h"))) })
}

func TestNegLog2NeverGrowsWithItsArgument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		if (a < b) && negLog2(a) < negLog2(b) || (a > b) && negLog2(a) > negLog2(b) {
			t.Errorf("negLog2(%#x) = %d, negLog2(%#x) = %d", a, negLog2(a), b, negLog2(b))
		}
	})
}

func TestNegLog2OfZeroIsThatOfOne(t *testing.T) {
	if got, want := negLog2(0), uint64(64<<logBits); got != want || negLog2(1) != want {
		t.Errorf("negLog2(0) = %d, negLog2(1) = %d, want %d", got, negLog2(1), want)
	}
}

func TestAtLeastNegLog2IsABound(t *testing.T) {
	check := func(h uint64) {
		bound, log := atLeastNegLog2(h), negLog2(h)
		if bound > log {
			t.Errorf("atLeastNegLog2(%#x) = %d, negLog2 is %d", h, bound, log)
		}
		if h > math.MaxUint64-math.MaxUint64/1000 && float64(bound) < 0.99*float64(log)-64 {
			t.Errorf("atLeastNegLog2(%#x) = %d is far below negLog2, %d", h, bound, log)
		}
	}
	for shift := range 64 {
		check(1 << shift)
		check(math.MaxUint64 >> shift)
		check(math.MaxUint64 - 1<<shift)
	}
	rapid.Check(t, func(t *rapid.T) { check(rapid.Uint64().Draw(t, "h")) })
}

package daemon

import "testing"

func TestGarbageIsBoundedHoweverMuchLives(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 100, 10 << 20: 100, 128 << 20: 100, 129 << 20: 99, 1 << 30: 12, 2 << 30: 6, 1 << 40: leastGCPercent,
	} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes live: %d%%, want %d%%", live, got, want)
		}
	}
}

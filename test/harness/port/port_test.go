package port

import (
	"net"
	"strconv"
	"testing"
)

func TestReservedPortsAreGivenOutOnce(t *testing.T) {
	seen := map[int]bool{}
	for range 50 {
		first, err := ReserveRun(4)
		if err != nil {
			t.Fatal(err)
		}
		for p := first; p < first+4; p++ {
			if seen[p] {
				t.Fatalf("port %d was given out twice", p)
			}
			seen[p] = true
		}
	}
}

func TestPreferTakesAnotherRunWhenOnePortIsTaken(t *testing.T) {
	first, err := ReserveRun(3)
	if err != nil {
		t.Fatal(err)
	}
	// Give the first of the three back: a run of two from there is half free.
	if err := held[first].Close(); err != nil {
		t.Fatal(err)
	}
	delete(held, first)
	if got, err := PreferRun(first, 2); err != nil || got == first {
		t.Fatalf("a reserved port was given out again: %d, %v", got, err)
	}
	if ok, err := claimRun(first, 1); err != nil || !ok {
		t.Fatalf("what was claimed on the way is not free again: %t, %v", ok, err)
	}
}

func TestPortOfAStrangerIsNotFree(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := PreferRun(p, 1); err != nil || got == p {
		t.Fatalf("got %d although somebody listens there, %v", got, err)
	}
}

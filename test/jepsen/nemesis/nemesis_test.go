package nemesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/jepsen/cluster"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

func everywhere(Nemesis) bool { return true }

func names(chosen []Nemesis) string {
	var all []string
	for _, n := range chosen {
		all = append(all, n.Name)
	}
	return strings.Join(all, ",")
}

func TestChoose(t *testing.T) {
	t.Parallel()
	loopback := func(n Nemesis) bool { return !n.NeedsHosts }
	for _, c := range []struct {
		names     string
		available func(Nemesis) bool
		want      string
		err       string
	}{
		{"none", everywhere, "", ""},
		{"halves,kill-leader", everywhere, "kill-leader,halves", ""},
		{"kill-leader", loopback, "kill-leader", ""},
		{"halves", loopback, "", "not possible here"},
		{"kill-leader,earthquake", everywhere, "", "kill-minority, kill-leader"},
		{"", everywhere, "", "no nemesis"},
	} {
		got, err := Choose(c.names, c.available)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: %v", c.names, err)
		}
		if names(got) != c.want {
			t.Errorf("%q: %s", c.names, names(got))
		}
	}
	all, err := Choose("all", loopback)
	if err != nil || len(all) == 0 || slices.ContainsFunc(all, func(n Nemesis) bool { return n.NeedsHosts }) {
		t.Errorf("all on loopback: %s, %v", names(all), err)
	}
}

func TestNemesesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, n := range All {
		if n.Name == "" || n.About == "" || n.strike == nil || seen[n.Name] || strings.ContainsAny(n.Name, ", ") {
			t.Errorf("%+v", n)
		}
		seen[n.Name] = true
	}
}

// plan is the beginning of a schedule in words.
func plan(seed uint64) (words string, together map[int]int) {
	random := rand.New(rand.NewPCG(seed, 0))
	var b strings.Builder
	together = map[int]int{}
	for range 200 {
		a := next(random, All)
		fmt.Fprintf(&b, "%s:", a.calm)
		for _, s := range a.strikes {
			fmt.Fprintf(&b, " %s after %s %v", s.nemesis.Name, s.after, s.seed)
		}
		b.WriteString("\n")
		together[len(a.strikes)]++
	}
	return b.String(), together
}

func TestScheduleFollowsFromTheSeed(t *testing.T) {
	t.Parallel()
	first, together := plan(1)
	if again, _ := plan(1); again != first {
		t.Error("the same seed makes another schedule")
	}
	if other, _ := plan(2); other == first {
		t.Error("another seed makes the same schedule")
	}
	if together[1] == 0 || together[2] == 0 || together[3] == 0 || len(together) != maxTogether {
		t.Errorf("strikes at once: %v", together)
	}
	for _, n := range All {
		if !strings.Contains(first, n.Name) {
			t.Errorf("%s never strikes", n.Name)
		}
	}
}

// TestChoicesOfAStrikeDoNotDependOnOthers runs strikes that draw different amounts
// beside each other.
func TestChoicesOfAStrikeDoNotDependOnOthers(t *testing.T) {
	t.Parallel()
	drawn := func() string {
		var mu sync.Mutex
		said := map[string]bool{}
		draw := func(_ context.Context, s *Site) error {
			mu.Lock()
			defer mu.Unlock()
			said[fmt.Sprint(s.nemesis, s.Random.Uint64())] = true
			return nil
		}
		a := act{strikes: []strike{
			{Nemesis{Name: "a", strike: draw}, 0, [2]uint64{1, 2}},
			{Nemesis{Name: "b", strike: draw}, 0, [2]uint64{3, 4}},
		}}
		if err := perform(t.Context(), &Site{Cluster: &cluster.Cluster{}, Recorder: history.NewRecorder()}, a); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(said)
	}
	if first, again := drawn(), drawn(); first != again {
		t.Errorf("%s, then %s", first, again)
	}
}

func TestRunEndsWithItsContextAndWithAFailure(t *testing.T) {
	t.Parallel()
	site := func() *Site {
		return &Site{Cluster: &cluster.Cluster{}, Recorder: history.NewRecorder(), Random: rand.New(rand.NewPCG(1, 1))}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := Run(ctx, site(), nil); err != nil || ctx.Err() == nil {
		t.Errorf("without nemeses: %v", err)
	}
	broken := errors.New("broken")
	failing := []Nemesis{{Name: "a", strike: func(context.Context, *Site) error { return broken }}}
	if err := Run(t.Context(), site(), failing); !errors.Is(err, broken) || !strings.Contains(err.Error(), "nemesis a") {
		t.Errorf("a failing nemesis: %v", err)
	}
}

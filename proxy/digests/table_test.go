package digests

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func add(t *Table, digest string, s Sample) { t.Add([]byte(digest), s) }

func TestStatementsAreCountedByLibraryAndDigest(t *testing.T) {
	table := New(10)
	add(table, "select ?", Sample{Library: 1, At: noon, Took: 3 * time.Millisecond, ToServer: 10, ToClient: 100})
	add(table, "select ?", Sample{Library: 2, At: noon, Took: time.Millisecond})
	later := Sample{Library: 1, At: noon.Add(time.Minute), Took: time.Millisecond, Error: true, Affected: 2, ToServer: 1, ToClient: 2}
	if !table.Count(table.KeyOf([]byte("select ?")), later) {
		t.Error("a digest that was added is not there")
	}
	if table.Count(table.KeyOf([]byte("do ?")), later) {
		t.Error("a digest that was not added is there")
	}
	rows := Top(table.Rows(), ByTime, 10)
	if len(rows) != 2 {
		t.Fatalf("got %+v", rows)
	}
	want := Row{
		Library: 1, Digest: "select ?", Count: 2, Errors: 1, Affected: 2, ToServer: 11, ToClient: 102,
		Total: 4 * time.Millisecond, Min: time.Millisecond, Max: 3 * time.Millisecond, P95: rows[0].P95,
		First: noon, Last: noon.Add(time.Minute),
	}
	if rows[0] != want || rows[0].Mean() != 2*time.Millisecond || rows[0].P95 < 2*time.Millisecond || rows[0].P95 > want.Max {
		t.Errorf("got  %+v\nwant %+v", rows[0], want)
	}
}

func TestTheDigestThatWasNotUsedForLongestIsGivenUp(t *testing.T) {
	table := New(3)
	for _, digest := range []string{"a", "b", "c", "a", "d"} {
		add(table, digest, Sample{})
	}
	got := ""
	for _, r := range Top(table.Rows(), ByTime, 10) {
		got += r.Digest
	}
	if got != "acd" || table.GivenUp() != 1 || table.Len() != 3 {
		t.Errorf("left are %q, %d, %d were given up", got, table.Len(), table.GivenUp())
	}
	before := table.Since()
	table.Reset()
	if table.Len() != 0 || len(table.Rows()) != 0 || table.GivenUp() != 1 || table.Since().Before(before) {
		t.Errorf("after a reset: %d, since %v", table.Len(), table.Since())
	}
	add(table, "a", Sample{})
	if rows := table.Rows(); len(rows) != 1 || rows[0].Count != 1 {
		t.Errorf("after a reset: %+v", rows)
	}
}

func TestATableNeverHasMoreThanItsLimit(t *testing.T) {
	for _, limit := range []int{1, 63, 64, 200, 1000, 1001} {
		table := New(limit)
		for i := range 3 * limit {
			add(table, fmt.Sprint("digest ", i), Sample{})
		}
		if n := table.Len(); n != limit || table.GivenUp() != uint64(2*limit) {
			t.Errorf("limit %d: %d are there, %d were given up", limit, n, table.GivenUp())
		}
	}
}

func TestTopIsByTheOrderAskedFor(t *testing.T) {
	rows := func() []Row {
		return []Row{
			{Digest: "often", Count: 9, Total: 2, Max: 1},
			{Digest: "wrong", Count: 2, Errors: 2, Total: 2, Max: 2},
			{Digest: "long", Count: 1, Total: 5, Max: 5},
			{Digest: "all", Count: 3, Errors: 1, Total: 8, Max: 4},
		}
	}
	for by, want := range map[Order]string{
		ByTime: "all long often ", ByCount: "often all wrong ", ByErrors: "wrong all long ", ByMax: "long all wrong ",
	} {
		got := ""
		for _, r := range Top(rows(), by, 3) {
			got += r.Digest + " "
		}
		if got != want {
			t.Errorf("by %s: %s, want %s", by, got, want)
		}
	}
	if got := Top(rows(), ByTime, -1); len(got) != 0 {
		t.Errorf("the first -1 are %+v", got)
	}
}

func TestNoStatementIsLostWhenManyCount(t *testing.T) {
	const sessions, each = 8, 2000
	table := New(100)
	var running sync.WaitGroup
	for range sessions {
		running.Go(func() {
			for i := range each {
				add(table, fmt.Sprint(i%50), Sample{Took: time.Microsecond})
			}
		})
	}
	running.Wait()
	total := uint64(0)
	for _, r := range table.Rows() {
		total += r.Count
	}
	if total != sessions*each {
		t.Errorf("%d were counted", total)
	}
}

func TestCountingCostsNoAllocation(t *testing.T) {
	table := New(1000)
	add(table, "select ?", Sample{Library: 1})
	key := table.KeyOf([]byte("select ?"))
	if n := testing.AllocsPerRun(100, func() { table.Count(key, Sample{Library: 1, Took: time.Millisecond}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

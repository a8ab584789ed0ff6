package savefile

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A process that is killed, or whose disk is full, leaves its last line cut at
// any byte. The next process, or the same one when there is room again, goes on
// behind it.
func TestALineThatIsCutAtAnyByteCostsNothingButItself(t *testing.T) {
	for _, class := range []bool{false, true} {
		before, cut, after, last := entry{"alice", "mysql_data_2"}, entry{"13812345678", "mysql_data_1"}, entry{"客户-1", "eu"}, entry{"dave", "mysql_data_10"}
		if class {
			before.target, cut.target, after.target, last.target = "c1", "c22", "c3", "c4"
		}
		whole := cut.line()
		for k := range len(whole) + 1 {
			file := before.line() + whole[:k] + after.line() + last.line()
			got, problems := read(t, []byte(file), class)
			truth := []entry{before, after, last}
			if k == len(whole) {
				truth = append(truth, cut)
			}
			for _, e := range truth {
				if !contains(got, e) {
					t.Errorf("cut at %d: %v is lost of %q\n%s", k, e, file, describe(problems))
				}
			}
			if len(got) != len(truth) {
				t.Errorf("cut at %d: %q gave %v", k, file, got)
			}
			torn := k > 0 && k < len(whole)
			if torn != (len(problems) == 1) || torn && (problems[0].Line != 2 || problems[0].Kind != Torn) {
				t.Errorf("cut at %d: problems\n%s", k, describe(problems))
			}
		}
	}
}

// Only the line end is missing. That the library's name is complete is sure if
// nothing else can look like it.
func TestARecordWithoutItsLineEndCountsWhenItsLibraryIsSure(t *testing.T) {
	next := entry{"bob", "mysql_data_2"}
	for _, c := range []struct {
		target string
		taken  bool
	}{
		{"eu", true},
		{"mysql_data_10", true},
		{"mysql_data_1", false}, // of mysql_data_10, perhaps
		{"mysql_data_2", false}, // of mysql_data_1 and a time stamp, perhaps
		{"mysql_data_", false},
		{"e", false},
		{"asia", false},
	} {
		e := entry{"alice", c.target}
		for _, file := range []string{
			strings.TrimSuffix(e.line(), "\n"),
			strings.TrimSuffix(e.line(), "\n") + next.line(),
		} {
			got, problems := read(t, []byte(file), false)
			if contains(got, e) != c.taken || c.taken == (len(problems) > 0) {
				t.Errorf("%q gave %v\n%s", file, got, describe(problems))
			}
			if strings.HasSuffix(file, "\n") && !contains(got, next) {
				t.Errorf("%q has lost %v", file, next)
			}
		}
	}
	// The core object that an object is bound to may be cut everywhere.
	if got, problems := read(t, []byte(testStamp+" card 138"), true); len(got) != 0 || len(problems) != 1 || problems[0].Kind != Torn {
		t.Errorf("gave %v\n%s", got, describe(problems))
	}
}

// Cuts of cuts: the same file was left torn many times, with nothing or
// something between.
func TestManyCutsOnOneLine(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"mysql_data_1", "mysql_data_2", "mysql_data_10", "eu"}
	for range 3_000 {
		var file strings.Builder
		var whole, all []entry
		for i := range 6 {
			e := entry{fmt.Sprint("obj", i), names[random.IntN(len(names))]}
			line := e.line()
			if random.IntN(2) == 0 {
				line = line[:random.IntN(len(line))]
			} else {
				whole = append(whole, e)
			}
			all = append(all, e)
			file.WriteString(line)
		}
		got, problems := read(t, []byte(file.String()), false)
		checkTrue(t, file.String(), got, all)
		for _, e := range whole {
			if !contains(got, e) {
				t.Fatalf("%q has lost %v\n%s", file.String(), e, describe(problems))
			}
		}
	}
}

// Two processes append to one file: all orders that their writes can have.
func TestNothingIsReadThatNoneOfTwoProcessesWrote(t *testing.T) {
	a, b := entry{"alice", "mysql_data_1"}, entry{"bob", "mysql_data_2"}
	c := entry{"carol", "mysql_data_10"}
	taken, orders := 0, 0
	interleave(a.pieces(), b.pieces(), nil, func(mixed []string) {
		file := c.line() + strings.Join(mixed, "") + c.line()
		got, problems := read(t, []byte(file), false)
		checkTrue(t, file, got, []entry{a, b, c})
		if got[0] != c || got[len(got)-1] != c {
			t.Fatalf("%q has lost what stands around it: %v", file, got)
		}
		if missing := 4 - len(got); missing > 0 && len(problems) == 0 {
			t.Fatalf("%q gave %v and no problem", file, got)
		}
		orders++
		taken += len(got) - 2
	})
	if orders != 924 || taken < 4 {
		t.Errorf("%d records were read in %d orders", taken, orders)
	}
}

func interleave(a, b, done []string, visit func([]string)) {
	if len(a) == 0 && len(b) == 0 {
		visit(done)
		return
	}
	if len(a) > 0 {
		interleave(a[1:], b, append(done, a[0]), visit)
	}
	if len(b) > 0 {
		interleave(a, b[1:], append(done, b[0]), visit)
	}
}

// Several processes append many records each, and are overtaken everywhere.
func TestNothingIsReadThatNoneOfManyProcessesWrote(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	names := []string{"mysql_data_1", "mysql_data_2", "mysql_data_10", "eu"}
	taken, written := 0, 0
	for range 3_000 {
		processes := make([][]string, 2+random.IntN(2))
		var all []entry
		for p := range processes {
			for i := range 4 {
				e := entry{fmt.Sprintf("p%d-%d", p, i), names[random.IntN(len(names))]}
				all = append(all, e)
				processes[p] = append(processes[p], e.pieces()...)
			}
		}
		var file strings.Builder
		for p := 0; ; {
			left := 0
			for _, pieces := range processes {
				left += len(pieces)
			}
			if left == 0 {
				break
			}
			if random.IntN(4) == 0 || len(processes[p]) == 0 {
				p = random.IntN(len(processes))
				continue
			}
			file.WriteString(processes[p][0])
			processes[p] = processes[p][1:]
		}
		got, _ := read(t, []byte(file.String()), false)
		checkTrue(t, file.String(), got, all)
		taken += len(got)
		written += len(all)
	}
	t.Logf("%d of %d records are read", taken, written)
	if taken == 0 {
		t.Error("nothing is read at all")
	}
}

// Bindings have no known names at their ends; the doubt has to do.
func TestNothingIsBoundThatNoneOfTwoProcessesBound(t *testing.T) {
	a, b := entry{"card-1", "alice"}, entry{"card-2", "bob"}
	interleave(a.pieces(), b.pieces(), nil, func(mixed []string) {
		file := strings.Join(mixed, "")
		got, problems := read(t, []byte(file), true)
		checkTrue(t, file, got, []entry{a, b})
		if len(got) < 2 && len(problems) == 0 {
			t.Fatalf("%q gave %v and no problem", file, got)
		}
	})
}

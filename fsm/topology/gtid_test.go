package topology

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	uuidA = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
	uuidB = "8a94f357-aab4-11df-86ab-c80aa9429562"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		flavour         Flavour
		position, other string
		want            bool
	}{
		{MariaDB, "", "", true},
		{MariaDB, "0-1-5", "", true},
		{MariaDB, "", "0-1-5", false},
		{MariaDB, "0-1-105,1-2-7", "0-1-105", true},
		{MariaDB, "0-1-105", "0-1-105,1-2-7", false},
		{MariaDB, "0-2-106", "0-1-105", true},
		{MariaDB, "0-1-105", "0-2-106", false},
		{MariaDB, "0-1-106", "0-2-106", false}, // the same number twice
		{MariaDB, "0-1-107", "0-2-106", true},
		{MariaDB, "0-1-105,0-2-107", "0-1-106", true}, // histories are positions too
		{MariaDB, " 0-1-5 , 1-1-1,", "1-1-1", true},

		{MySQL, "", "", true},
		{MySQL, uuidA + ":1-5", "", true},
		{MySQL, "", uuidA + ":1", false},
		{MySQL, uuidA + ":1-5:7-9", uuidA + ":2-4:8", true},
		{MySQL, uuidA + ":1-5:7-9", uuidA + ":1-9", false},
		{MySQL, uuidA + ":1-5:6-9", uuidA + ":1-9", true},
		{MySQL, uuidA + ":1-5,\n" + uuidB + ":1-3", uuidB + ":3", true},
		{MySQL, strings.ToUpper(uuidA) + ":1-5", uuidA + ":5", true},
		{MySQL, uuidA + ":1-5:blue:1-3", uuidA + ":blue:2", true},
		{MySQL, uuidA + ":1-5:blue:1-3", uuidA + ":blue:4", false},
		{MySQL, uuidA + ":blue:1-3", uuidA + ":1", false},
	} {
		got, err := Covers(c.flavour, c.position, c.other)
		if err != nil || got != c.want {
			t.Errorf("%s: %q covers %q: %t, %v", c.flavour, c.position, c.other, got, err)
		}
	}
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		flavour    Flavour
		a, b, want string
	}{
		{MariaDB, "", "", ""},
		{MariaDB, "0-1-5", "0-2-7,3-1-1", "0-2-7,3-1-1"},
		{MariaDB, "0-1-9,1-1-1", "0-2-7", "0-1-9,1-1-1"},
		{MariaDB, "0-1-9", "0-1-9", "0-1-9"},
		{MySQL, "", "", ""},
		{MySQL, uuidA + ":1-5", uuidA + ":6-9", uuidA + ":1-9"},
		{MySQL, uuidA + ":1-5:9", uuidB + ":1," + uuidA + ":3-7", uuidA + ":1-7:9," + uuidB + ":1"},
		{MySQL, uuidA + ":red:1", uuidA + ":2", uuidA + ":2," + uuidA + ":red:1"},
	} {
		got, err := Merge(c.flavour, c.a, c.b)
		if err != nil || got != c.want {
			t.Errorf("%s: %q and %q: %q, %v; want %q", c.flavour, c.a, c.b, got, err, c.want)
		}
	}
	if _, err := Merge(MariaDB, "0-1-9", "0-2-9"); !errors.Is(err, ErrDiverged) {
		t.Errorf("diverged: %v", err)
	}
}

func TestErrant(t *testing.T) {
	for _, c := range []struct {
		flavour      Flavour
		of, in, want string
	}{
		{MariaDB, "", "0-1-5", ""},
		{MariaDB, "0-1-5", "0-1-5", ""},
		{MariaDB, "0-1-6", "0-2-6,0-1-5", "0-1-6"}, // both went on from 5
		{MariaDB, "0-1-5", "0-2-9,0-1-5", ""},
		{MariaDB, "0-2-1,0-1-6,1-1-2", "0-1-7", "0-2-1,1-1-2"},
		{MySQL, "", uuidA + ":1", ""},
		{MySQL, uuidA + ":1-5", uuidA + ":1-9", ""},
		{MySQL, uuidA + ":1-9", uuidA + ":3:5-6", uuidA + ":1-2:4:7-9"},
		{MySQL, uuidA + ":1-3:5-9", uuidA + ":2-6", uuidA + ":1:7-9"},
		{MySQL, uuidA + ":1-9," + uuidB + ":4", uuidA + ":1-9", uuidB + ":4"},
	} {
		got, err := Errant(c.flavour, c.of, c.in)
		if err != nil || got != c.want {
			t.Errorf("%s: %q in %q: %q, %v; want %q", c.flavour, c.of, c.in, got, err, c.want)
		}
	}
}

func TestBadPositionsAreErrors(t *testing.T) {
	for _, c := range []struct {
		flavour Flavour
		text    string
	}{
		{UnknownFlavour, ""},
		{MariaDB, "0-1"},
		{MariaDB, "0-1-"},
		{MariaDB, "0-1-2-3"},
		{MariaDB, "-1-2-3"},
		{MariaDB, "+0-1-2"},
		{MariaDB, "4294967296-1-2"},
		{MariaDB, "0-1-18446744073709551616"},
		{MariaDB, uuidA + ":1"},
		{MySQL, "0-1-2"},
		{MySQL, uuidA},
		{MySQL, uuidA + ":"},
		{MySQL, uuidA + ":0-1"},
		{MySQL, uuidA + ":5-4"},
		{MySQL, uuidA + ":1-2-3"},
		{MySQL, uuidA + ":9223372036854775807"},
		{MySQL, strings.Replace(uuidA, "3", "g", 1) + ":1"},
		{MySQL, uuidA + ":" + strings.Repeat("t", maxTagLen+1) + ":1"},
	} {
		if _, err := Covers(c.flavour, c.text, ""); !errors.Is(err, ErrBadPosition) {
			t.Errorf("%s covers: %q: %v", c.flavour, c.text, err)
		}
		if _, err := Merge(c.flavour, "", c.text); !errors.Is(err, ErrBadPosition) {
			t.Errorf("%s merge: %q: %v", c.flavour, c.text, err)
		}
		if _, err := Errant(c.flavour, c.text, ""); !errors.Is(err, ErrBadPosition) {
			t.Errorf("%s errant: %q: %v", c.flavour, c.text, err)
		}
	}
}

// positions draws positions of which many overlap.
func positions(flavour Flavour) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var parts []string
		if flavour == MariaDB {
			for domain := range rapid.IntRange(0, 3).Draw(t, "domains") {
				parts = append(parts, fmt.Sprintf("%d-%d-%d", domain,
					rapid.IntRange(1, 2).Draw(t, "server"), rapid.IntRange(1, 6).Draw(t, "sequence")))
			}
			return strings.Join(parts, ",")
		}
		for range rapid.IntRange(0, 6).Draw(t, "intervals") {
			first := rapid.IntRange(1, 20).Draw(t, "first")
			parts = append(parts, fmt.Sprintf("%s:%d-%d", rapid.SampledFrom([]string{uuidA, uuidB, uuidA + ":red"}).Draw(t, "of"),
				first, first+rapid.IntRange(0, 4).Draw(t, "more")))
		}
		return strings.Join(parts, ",")
	})
}

func covers(t *rapid.T, f Flavour, position, other string) bool {
	ok, err := Covers(f, position, other)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestMergeIsTheLeastThatCoversBoth(t *testing.T) {
	for _, f := range []Flavour{MariaDB, MySQL} {
		rapid.Check(t, func(t *rapid.T) {
			a, b, c := positions(f).Draw(t, "a"), positions(f).Draw(t, "b"), positions(f).Draw(t, "c")
			merged, err := Merge(f, a, b)
			if f == MariaDB && errors.Is(err, ErrDiverged) {
				if covers(t, f, a, b) || covers(t, f, b, a) {
					t.Fatalf("one of %q, %q covers the other, yet they have diverged", a, b)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !covers(t, f, merged, a) || !covers(t, f, merged, b) {
				t.Fatalf("%q does not cover %q and %q", merged, a, b)
			}
			if covers(t, f, c, a) && covers(t, f, c, b) && !covers(t, f, c, merged) {
				t.Fatalf("%q covers %q and %q, but not %q", c, a, b, merged)
			}
			if back, err := Merge(f, b, a); err != nil || back != merged {
				t.Fatalf("%q and %q merge to %q one way, to %q, %v the other", a, b, merged, back, err)
			}
		})
	}
}

// TestErrantIsWhatIsMissing looks at every transaction by itself.
func TestErrantIsWhatIsMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of, in := positions(MySQL).Draw(t, "of"), positions(MySQL).Draw(t, "in")
		missing, err := Errant(MySQL, of, in)
		if err != nil {
			t.Fatal(err)
		}
		if (missing == "") != covers(t, MySQL, in, of) {
			t.Fatalf("%q lacks %q of %q", in, missing, of)
		}
		for _, key := range []string{uuidA, uuidB, uuidA + ":red"} {
			for n := 1; n < 26; n++ {
				one := fmt.Sprintf("%s:%d", key, n)
				want := covers(t, MySQL, of, one) && !covers(t, MySQL, in, one)
				if covers(t, MySQL, missing, one) != want {
					t.Fatalf("%s: of %q, in %q, missing %q", one, of, in, missing)
				}
			}
		}
	})
}

// FuzzPositions gives arbitrary texts to the comparisons: they must not panic, and
// what they return must be a position itself.
func FuzzPositions(f *testing.F) {
	for _, text := range []string{"", "0-1-105,1-2-7", "0-1-5,0-2-6", uuidA + ":1-5:7-9,\n" + uuidB + ":1-3", uuidA + ":1:blue:2-3", ":-,-:"} {
		f.Add(true, text, "0-1-7")
		f.Add(false, text, uuidA+":2-8")
	}
	f.Fuzz(func(t *testing.T, mariaDB bool, a, b string) {
		flavour := MySQL
		if mariaDB {
			flavour = MariaDB
		}
		_, err := Covers(flavour, a, b)
		if missing, errantErr := Errant(flavour, a, b); (errantErr == nil) != (err == nil) {
			t.Fatalf("%v, but %v", err, errantErr)
		} else if ok, err := Covers(flavour, missing, ""); !ok || err != nil {
			t.Fatalf("%q: %v", missing, err)
		}
		merged, mergeErr := Merge(flavour, a, b)
		if err != nil {
			if mergeErr == nil {
				t.Fatalf("merged to %q although %v", merged, err)
			}
			return
		}
		if mergeErr != nil {
			if !errors.Is(mergeErr, ErrDiverged) {
				t.Fatal(mergeErr)
			}
			return
		}
		for _, part := range []string{a, b} {
			if ok, err := Covers(flavour, merged, part); !ok || err != nil {
				t.Fatalf("%q does not cover %q: %v", merged, part, err)
			}
		}
	})
}

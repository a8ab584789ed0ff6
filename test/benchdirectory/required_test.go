package main

import (
	"strings"
	"testing"
	"time"
)

// find returns the one requirement whose text begins so.
func find(t *testing.T, b *bench, what string) requirement {
	t.Helper()
	var all []requirement
	for _, r := range b.requirements() {
		if strings.HasPrefix(r.what, what) {
			all = append(all, r)
		}
	}
	if len(all) != 1 {
		t.Fatalf("there are %d requirements %q", len(all), what)
	}
	return all[0]
}

func TestRequirementIsMetAtItsBoundAndNotBeyond(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what    string
		found   found
		verdict string
	}{
		{"memory of a placement", found{grown: &grown{Placement: perRecord{Heap: 40, Resident: 39}}}, "met"},
		{"memory of a placement", found{grown: &grown{Placement: perRecord{Heap: 30, Resident: 40.1}}}, "NOT MET"},
		{"memory of a placement", found{grown: &grown{Placement: perRecord{Heap: 40.1, Resident: 30}}}, "NOT MET"},
		{"memory of a binding", found{grown: &grown{Binding: perRecord{Heap: 40, Resident: 39}}}, "met"},
		{"memory of a binding", found{grown: &grown{Binding: perRecord{Heap: 39, Resident: 40.1}}}, "NOT MET"},
		{"finding", found{grown: &grown{Hit: lookup{Nanoseconds: 500}}}, "met"},
		{"finding", found{grown: &grown{Hit: lookup{Nanoseconds: 501}}}, "NOT MET"},
		{"allocations", found{grown: &grown{}}, "met"},
		{"allocations", found{grown: &grown{Reverse: lookup{Allocations: 0.001}}}, "NOT MET"},
		{"Apply", found{grown: &grown{Many: pauses{CPU: latency{P50: time.Millisecond, Max: 6 * time.Millisecond}}}}, "met"},
		{"Apply", found{grown: &grown{Many: pauses{CPU: latency{P50: time.Millisecond, Max: 6*time.Millisecond + 1}}}}, "NOT MET"},
		{"Apply", found{grown: &grown{One: pauses{Wall: latency{Max: time.Second}}}}, "met"},
		{"restoring", found{restored: &restored{Took: 5 * time.Second}, both: &restored{Took: time.Minute}}, "met"},
		{"restoring", found{restored: &restored{Took: 5*time.Second + 1}}, "NOT MET"},
		{"import", found{imported: &imported{Lines: 600_000, Took: 2 * time.Second}}, "met"},
		{"import", found{imported: &imported{Lines: 599_999, Took: 2 * time.Second}}, "NOT MET"},
		{"bytes", found{imported: &imported{Amplification: []amplification{{Log: 10, Snapshots: 50}, {Log: 10}}}}, "met"},
		{"bytes", found{imported: &imported{Amplification: []amplification{{Log: 10}, {Log: 10, Snapshots: 51}}}}, "NOT MET"},
		{"bytes", found{imported: &imported{Amplification: []amplification{{Log: 10}, {}}}}, "not measured"},
		{"start", found{restarts: &restarts{Stopped: restarted{Took: 5 * time.Second}}}, "met"},
		{"start", found{restarts: &restarts{Killed: restarted{Took: 6 * time.Second}}}, "NOT MET"},
	} {
		c.found.size = namedSize
		if r := find(t, &bench{found: []*found{&c.found}}, c.what); r.verdict() != c.verdict {
			t.Errorf("%+v is %s, want %s", r, r.verdict(), c.verdict)
		}
	}
}

func TestRequirementThatWasNotMeasuredIsNotMet(t *testing.T) {
	t.Parallel()
	for _, b := range []*bench{{}, {found: []*found{{size: namedSize}}}} {
		for _, r := range b.requirements() {
			if r.met || r.measured || r.verdict() != "not measured" {
				t.Errorf("%+v", r)
			}
		}
	}
}

func TestRequirementsTakeTheSizeThatTheySpeakOf(t *testing.T) {
	t.Parallel()
	at := func(size int, bytes, ns float64, mark time.Duration) *found {
		return &found{size: size, grown: &grown{
			Placement: perRecord{Heap: bytes}, Hit: lookup{Nanoseconds: ns}, Garbage: collection{Mark: mark},
		}}
	}
	small, named, large := at(million, 60, 600, time.Millisecond), at(namedSize, 30, 400, 5*time.Millisecond), at(50*million, 70, 450, 3*time.Millisecond)
	b := &bench{found: []*found{small, named, large}}
	for what, want := range map[string]string{"memory of a placement": "30.0 bytes", "finding": "400 ns", "garbage": "2.00 ms"} {
		if r := find(t, b, what); r.value != want {
			t.Errorf("%s: %s, want %s", what, r.value, want)
		}
	}
	if got := (&bench{found: []*found{small}}).named(); got != small {
		t.Errorf("the only size is not taken: %+v", got)
	}
	if got := (&bench{found: []*found{large}}).named(); got != large {
		t.Errorf("the only size is not taken: %+v", got)
	}
	if r := find(t, &bench{found: []*found{named}}, "garbage"); r.measured {
		t.Errorf("growth of one size: %+v", r)
	}
}

func TestReportShowsWhatWasMeasuredOnly(t *testing.T) {
	t.Parallel()
	b := &bench{found: []*found{
		{size: million, grown: &grown{Hit: lookup{Nanoseconds: 123}}},
		{size: namedSize},
	}}
	text := b.report()
	for _, want := range []string{
		"| core objects                       | 1 million               | 10 million |",
		"| known core object                  | 123 ns, 0 allocations   | -          |",
	} {
		if !strings.Contains(squeezed(text), squeezed(want)) {
			t.Errorf("there is no line %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "### A fourth node joins") {
		t.Error("there is a table of what was not measured")
	}
}

// squeezed leaves single spaces.
func squeezed(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestFiguresHaveThreeDigits(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"0":          short(0),
		"999 ns":     short(999),
		"1.50 µs":    short(1500),
		"12.3 ms":    short(12_345 * time.Microsecond),
		"73.0 s":     short(73 * time.Second),
		"40.0 MiB":   mebibytes(40 << 20),
		"300000":     count(300_000),
		"31.7 bytes": bytesEach(31.66),
		"0 bytes":    roundedUp(0) + " bytes",
		"< 0.01":     roundedUp(0.001),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

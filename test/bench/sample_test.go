package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMedianIsOfEachFigureByItself(t *testing.T) {
	got := medians([]sample{
		{rate: 3, p50: 10, p99: 7, user: 1, system: 9},
		{rate: 1, p50: 30, p99: 9, user: 3, system: 8},
		{rate: 2, p50: 20, p99: 8, user: 2, system: 7},
	})
	if want := (sample{rate: 2, p50: 20, p99: 8, user: 2, system: 8}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCPUTimeIsThatOfTheProcess(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	const work = 200 * time.Millisecond
	spin(work)
	after, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	user, system := after.each(before, 2)
	// Other processes may take the processor meanwhile, so there is no lower
	// bound that always holds but a small one.
	if each := user + system; each < work/100 || each > work {
		t.Errorf("%v of CPU time for each half of %v of work", each, work)
	}
	if none, err := cpuOf(0); err != nil || none != (cpuTime{}) {
		t.Errorf("no process: %v, %v", none, err)
	}
}

func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

func TestMetricIsTheSumOfItsSeries(t *testing.T) {
	page := `# HELP a_total help
a_total{server="1",state="in_use"} 3
a_total{server="2",state="in_use"} 4
a_total{server="2",state="idle"} 50
a_total_more 600
heap 1.5e+06
`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(page)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	node := target{http: strings.TrimPrefix(server.URL, "http://")}
	for _, c := range []struct {
		name, labels string
		want         float64
	}{{"a_total", `state="in_use"`, 7}, {"a_total", "", 57}, {"heap", "", 1.5e6}, {"none", "", 0}} {
		if got, err := metric(t.Context(), node, c.name, c.labels); err != nil || got != c.want {
			t.Errorf("%s{%s} is %v (%v), want %v", c.name, c.labels, got, err, c.want)
		}
	}
}

func TestOptionsThatCannotBeMeasuredAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-scenes", "point_select,nonsense"},
		{"-connections", "1,0"},
		{"-connections", "1000000"},
		{"-time", "1500ms"},
		{"-rounds", "0"},
		{"-sessions", "0"},
		{"stray"},
	} {
		if o, err := parse(args); err == nil {
			t.Errorf("%q gave %+v", args, o)
		}
	}
	o, err := parse([]string{"-quick", "-scenes", "rows, idle"})
	if err != nil {
		t.Fatal(err)
	}
	if !o.wants(rows) || !o.wants(idleMemory) || o.wants(pointSelect) || o.rounds != 1 {
		t.Errorf("%+v", o)
	}
}

package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/mysqlda/mysqlda/test/jepsen/check"
	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// written is the page that Write makes of a run.
func written(t *testing.T, r Run) string {
	t.Helper()
	dir := t.ArtifactDir()
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// words is all text of a page; it fails when a page has anything that runs or loads.
func words(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			all.WriteString(n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"script", "img", "iframe", "link", "object"}, n.Data) {
			t.Errorf("the page has a <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
	return all.String()
}

// drawings checks that each chart is well-formed XML and that nothing is outside of
// it, and returns how many elements with a class there are in all.
func drawings(t *testing.T, page string) map[string]int {
	t.Helper()
	classes := make(map[string]int)
	for _, part := range strings.Split(page, "<svg")[1:] {
		svg, _, ok := strings.Cut(part, "</svg>")
		if !ok {
			t.Fatal("a chart has no end")
		}
		in := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>"))
		in.Entity = xml.HTMLEntity
		var w, h float64
		for {
			token, err := in.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("a chart is not well-formed: %v", err)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			at := make(map[string]float64)
			for _, a := range start.Attr {
				switch a.Name.Local {
				case "class":
					classes[a.Value]++
				case "viewBox":
					box := strings.Fields(a.Value)
					w, _ = strconv.ParseFloat(box[2], 64) // 0 makes all be outside
					h, _ = strconv.ParseFloat(box[3], 64)
				case "x", "y", "width", "height", "x1", "x2", "y1", "y2":
					v, err := strconv.ParseFloat(a.Value, 64)
					if err != nil || v < 0 {
						t.Errorf("%s=%q", a.Name.Local, a.Value)
					}
					at[a.Name.Local] = v
				}
			}
			if right, bottom := max(at["x"]+at["width"], at["x1"], at["x2"]), max(at["y"]+at["height"], at["y1"], at["y2"]); right > w || bottom > h {
				t.Errorf("a %s of a chart %v wide and %v high is at %v", start.Name.Local, w, h, at)
			}
		}
	}
	return classes
}

func TestAPageTellsOfARun(t *testing.T) {
	r := example(t, 3000)
	page := written(t, r)
	text := words(t, page)
	for _, want := range []string{
		fmt.Sprintf("4 of %d promises were broken", len(check.All)), r.Command, r.Version, "customer17", "heartbeat 2230 of <b>n3</b>", "9506",
		"row 99 of customer17 is in [lib3], and nobody inserted it", "halves n1|n2,n3", "library lib3 was given weight 2",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if !strings.Contains(text, "after everything was healed") || !strings.Contains(text, "heartbeat 5190 ") {
		t.Error("a finding of no operation has no lines of the end")
	}
	if strings.Contains(text, "heartbeat 4000 ") {
		t.Error("the page has lines of another time")
	}
	classes := drawings(t, page)
	if classes["injured"] != 1 || classes["broken"] != 3 || classes["dots done"] != 1 || classes["rate unknown"] == 0 || classes["operation done"] != 6 || classes["event"] != len(r.Events) {
		t.Errorf("the charts have %v", classes)
	}
}

func TestAPageStaysSmall(t *testing.T) {
	r := example(t, 100_000)
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		for v.Count = 10_000; len(v.Findings) < 20; {
			v.Findings = append(v.Findings, check.Finding{Text: strings.Repeat("long ", 50), At: 20e9, Around: r.Operations[:100]})
		}
	}
	for range 5000 {
		r.Faults = append(r.Faults, r.Faults[0])
		r.Events = append(r.Events, r.Events[0])
	}
	if page := written(t, r); len(page) > 4<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	r = example(t, 100_000)
	if page := written(t, r); len(page) > 1<<20 {
		t.Errorf("the page of a usual run has %d bytes", len(page))
	}
}

func TestHostileTextsAreOnlyShown(t *testing.T) {
	const evil = `</title></style><script>alert(1)</script><img src=x onerror=a()>"'&` + "\x00\xff"
	o := history.Operation{Node: evil, Kind: history.Assign, Core: evil, Error: evil, Outcome: history.Unknown, Call: 1e9, Return: 2e9}
	path := filepath.Join(t.TempDir(), "log")
	line := `{"level":"warn","ts":"1970-01-01T00:00:01Z","msg":` + evil + "}\n"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	page := written(t, Run{
		Command: evil, Version: evil, Nodes: []string{evil}, Servers: []string{evil}, Nemeses: []string{evil}, Workloads: []string{evil},
		Began: time.Unix(0, 0), HarnessError: evil, Operations: []history.Operation{o},
		Faults:   []history.Fault{{Nemesis: evil, Kind: evil, Target: evil, From: 1e9}},
		Events:   []history.Event{{At: 1, Text: evil}},
		Verdicts: []check.Verdict{{Check: evil, Count: 1, Findings: []check.Finding{{Text: evil, At: 2e9, Around: []history.Operation{o}}}}},
		Logs:     []Log{{Name: evil, Path: path}, {Name: "gone", Path: path + "-gone"}},
	})
	text := words(t, page)
	if n := strings.Count(text, "<script>alert(1)</script>"); n < 20 {
		t.Errorf("the text is shown %d times", n)
	}
	if !strings.Contains(text, "read the log gone") {
		t.Error("nothing tells of a log that cannot be read")
	}
	drawings(t, strings.ReplaceAll(strings.ToValidUTF8(page, "?"), "\x00", "?"))
}

func TestARunThatNeverBeganIsAFailure(t *testing.T) {
	page := written(t, Run{HarnessError: "no such binary"})
	drawings(t, page)
	if text := words(t, page); !strings.Contains(text, "the run itself failed") || !strings.Contains(text, "no such binary") {
		t.Error("the page does not say that the run failed")
	}
	if text := words(t, written(t, Run{})); !strings.Contains(text, "nothing was judged") || strings.Contains(text, "every promise was kept") {
		t.Error("a run that was not judged passed")
	}
}

func TestASummaryTellsOfEachRun(t *testing.T) {
	dir := t.ArtifactDir()
	runs := []Summary{
		{Seed: 1, Nodes: 3, Nemeses: []string{"kill", "pause"}, Workloads: []string{"all"}, Done: 9000, Refused: 20, Unknown: 31, Faults: 44, Took: time.Minute, Passed: true, Link: "seed-1/index.html"},
		{Seed: 2, Nodes: 5, Nemeses: []string{"partition"}, Workloads: []string{"data"}, Done: 9000, Failed: []string{"linearizable", "nodes agree"}, Link: "seed-2/index.html"},
		{Seed: 3, Nodes: 5, HarnessError: "no <b>leader</b>", Link: "javascript:alert(1)"},
	}
	if err := WriteSummary(dir, runs); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	text := words(t, string(page))
	for _, want := range []string{"3 runs: 1 broke promises", "18000 done, 20 refused, 31 of unknown outcome", "linearizable, nodes agree", "no <b>leader</b>"} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary does not have %q", want)
		}
	}
	if !strings.Contains(string(page), `href="seed-2/index.html"`) || strings.Contains(string(page), "javascript") {
		t.Error("the summary's links are wrong")
	}
}

func TestWhatAllRunsHaveIsToldOnce(t *testing.T) {
	dir := t.ArtifactDir()
	run := Summary{Nemeses: []string{"kill"}, Workloads: []string{"data"}, Passed: true}
	if err := WriteSummary(dir, []Summary{run, run, run}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	if text := words(t, string(page)); strings.Count(text, "kill") != 1 || strings.Count(text, "data") != 1 {
		t.Errorf("the summary says %s", text)
	}
}

func TestAPageThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "gone"), Run{}); err == nil {
		t.Error("no error")
	}
}

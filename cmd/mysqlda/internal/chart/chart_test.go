package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func render(t *testing.T, c Chart) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// texts parses a document and returns what its text elements say.
func texts(t *testing.T, svg string) (said []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for element := ""; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return said
		}
		if err != nil {
			t.Fatalf("the document is not well-formed: %v\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			element = token.Name.Local
		case xml.EndElement:
			element = ""
		case xml.CharData:
			if element == "text" {
				said = append(said, string(token))
			}
		}
	}
}

func line(name string, strong bool, ys ...float64) Line {
	l := Line{Name: name, Strong: strong}
	for i, y := range ys {
		l.Points = append(l.Points, Point{float64(i), y})
	}
	return l
}

func TestTheDocumentIsWellFormedWhateverNamesAre(t *testing.T) {
	name := `<script>&"'` + "\x01]]>"
	svg := render(t, Chart{Title: name, XLabel: name, YLabel: name, Panels: []Panel{{name, []Line{line(name, true, 0, 3e6)}}}})
	count := 0
	for _, s := range texts(t, svg) {
		if s == "<script>&\"'\uFFFD]]>" {
			count++
		}
	}
	if count != 5 || strings.Contains(svg, "<script") {
		t.Errorf("the name stands there %d times:\n%s", count, svg)
	}
}

func TestPanelsShareScalesAndLegend(t *testing.T) {
	svg := render(t, Chart{Panels: []Panel{
		{"left", []Line{line("a", false, 0, 10), line("b", true, 0, 20)}},
		{"right", []Line{line("a", false, 0, 2000), line("b", true, 0, 0)}},
	}})
	said := strings.Join(texts(t, svg), "|")
	if strings.Count(said, "|2k") != 2 || strings.Count(said, "|a") != 1 || strings.Count(said, "|b") != 1 {
		t.Errorf("the document says %s", said)
	}
	// The strong line has the first colour and is drawn after the other.
	for _, want := range []string{`M0.0 300.0L420.0 298.5" fill="none" stroke="` + colours[1], `M0.0 300.0L420.0 297.0" fill="none" stroke="` + colours[0] + `" stroke-width="3"`} {
		at := strings.Index(svg, want)
		if at < 0 {
			t.Fatalf("no %s in\n%s", want, svg)
		}
		svg = svg[at:]
	}
}

func TestManyLinesShareAPlaceInTheLegend(t *testing.T) {
	var lines []Line
	for i := range 30 {
		lines = append(lines, line(fmt.Sprintf("l%d", i), i == 29, 1, 2))
	}
	said := strings.Join(texts(t, render(t, Chart{Panels: []Panel{{"", lines}}})), "|") + "|"
	if !strings.Contains(said, "|20 others|") || !strings.Contains(said, "|l29|") || !strings.Contains(said, "|l8|") || strings.Contains(said, "|l9|") {
		t.Errorf("the document says %s", said)
	}
}

func TestLongNamesAreCutInTheLegend(t *testing.T) {
	name := strings.Repeat("ü", 31)
	svg := render(t, Chart{Panels: []Panel{{"", []Line{line(name, false, 1), line(name[2:], false, 1)}}}})
	said := strings.Join(texts(t, svg), "|")
	if strings.Contains(said, name) || !strings.Contains(said, name[4:]+"…|") || !strings.Contains(said, "|"+name[2:]) {
		t.Errorf("the document says %s", said)
	}
}

func TestAChartWithoutAnythingIsADocument(t *testing.T) {
	for _, c := range []Chart{{}, {Panels: []Panel{{}}}, {Panels: []Panel{{Lines: []Line{{}, line("zero", false, 0)}}}}} {
		if svg := render(t, c); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%+v gives\n%s", c, svg)
		} else {
			texts(t, svg)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	for most, want := range map[float64]string{
		0: "0 0.2 0.4 0.6 0.8 1", 1: "0 0.2 0.4 0.6 0.8 1", 7: "0 2 4 6 8", 10e6: "0 2M 4M 6M 8M 10M",
		123_456: "0 50k 100k 150k", 2.5e9: "0 500M 1G 1.5G 2G 2.5G", 999: "0 200 400 600 800 1k",
	} {
		var got []string
		for _, at := range ticks(most, 5) {
			got = append(got, short(at))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("ticks up to %v: %v, want %s", most, got, want)
		}
	}
}

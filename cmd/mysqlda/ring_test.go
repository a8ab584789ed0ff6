package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tenth are the arguments of nine libraries and an empty tenth.
var tenth = []string{
	"ring", "simulate", "--libraries", "library_1=3M,library_2=3M,library_3=3M,library_4=3M,library_5=3M",
	"--libraries", "library_6=3M,library_7=3000k,library_8=3M,library_9=3000000", "--add", "library_10", "--objects", "20M",
}

func TestRingSimulateTable(t *testing.T) {
	code, stdout, stderr := execute(append(slices.Clone(tenth), "--steps", "4")...)
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "ring_simulate.txt", stdout)

	code, stdout, stderr = execute("ring", "simulate", "--libraries", "a=300000,b=300000:200,closed=1000:0", "--add", "c:50", "--objects", "1M", "--max-share", "0.25", "--steps", "2")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	golden(t, "ring_simulate_weights.txt", stdout)
}

func TestRingSimulateJSON(t *testing.T) {
	_, stdout, _ := execute(append(slices.Clone(tenth), "--steps", "3", "-o", "json")...)
	var got simulationReport
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Steps) != 4 || len(got.Libraries) != 10 || got.NewObjects != 20_000_000 || got.MaxShare != "0.5" {
		t.Fatalf("got %+v", got)
	}
	last := got.Libraries[9]
	if !last.Added || last.CaughtUp.Ours == nil || *last.CaughtUp.Ours > 8_000_000 || last.CaughtUp.Original != nil {
		t.Errorf("the new library is %+v", last)
	}
	for _, step := range got.Steps {
		var objects, original uint64
		for _, l := range step.Libraries {
			objects, original = objects+l.Objects, original+l.OriginalObjects
		}
		if want := 27_000_000 + step.NewObjects; objects != want || original != want {
			t.Errorf("after %d: %d objects, by the original's rule %d", step.NewObjects, objects, original)
		}
	}
}

func TestRingSimulateChart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "growth.svg")
	if code, _, stderr := execute(append(slices.Clone(tenth), "--chart", path)...); code != exitDone {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var said []string
	paths := 0
	for decoder := xml.NewDecoder(f); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			said = append(said, strings.TrimSpace(string(token)))
		case xml.StartElement:
			for _, a := range token.Attr {
				if a.Name.Local == "d" && strings.Count(a.Value, "L") >= chartPoints {
					paths++
				}
			}
		}
	}
	for _, want := range []string{oursTitle, originalTitle, "library_1 and 8 more", "library_10", "new core objects", "20M"} {
		if !slices.Contains(said, want) {
			t.Errorf("the chart does not say %q: %q", want, said)
		}
	}
	if paths != 4 {
		t.Errorf("%d lines, want two in each of two panels", paths)
	}

	code, _, stderr := execute(append(slices.Clone(tenth), "--chart", filepath.Join(path, "x"))...)
	if code != exitFailed || !strings.Contains(stderr, "growth.svg") {
		t.Errorf("a chart that cannot be written: exit code %d, %q", code, stderr)
	}
}

func TestRingSimulateRefusesWhatMakesNoSense(t *testing.T) {
	for args, want := range map[string]string{
		"":                                             `required flag(s) "libraries", "objects" not set`,
		"--libraries a --objects 1":                    `"a" is not NAME=OBJECTS`,
		"--libraries a=x --objects 1":                  `the number of core objects must be a whole number, with k, M or G behind it if need be, not "x"`,
		"--libraries a=-1 --objects 1":                 `not "-1"`,
		"--libraries a=1:-2 --objects 1":               "the weight must be a whole number from 0 to 1000000",
		"--libraries a=1 --add b:x --objects 1":        `--add: "b:x": the weight must be`,
		"--libraries a=1,a=2 --objects 1":              "library a is named twice",
		"--libraries a=1 --add a --objects 1":          "library a is named twice",
		"--libraries =1 --objects 1":                   "the library",
		"--libraries a=1:0 --objects 1":                "no library has a weight above 0",
		"--libraries a=1 --objects 0":                  "--objects must be at least 1",
		"--libraries a=1 --objects 1.5M":               `--objects must be a whole number, with k, M or G behind it if need be, not "1.5M"`,
		"--libraries a=1 --objects 9000000G":           "--objects must be at most",
		"--libraries a=900000G,b=900000G --objects 1k": "are too many",
		"--libraries a=1 --objects 1 --max-share 1.1":  "--max-share must be a number from 0.001 to 1 with at most three decimals",
		"--libraries a=1 --objects 1 --max-share 0":    "--max-share must be a number",
		"--libraries a=1 --objects 1 --steps 0":        "--steps must be from 1 to 1000, not 0",
		"--libraries a=1 --objects 1 --steps 1001":     "--steps must be from 1 to 1000, not 1001",
		"--libraries a=1 --objects 1 -o svg":           "must be one of table, json, yaml",
		"--libraries a=1 --objects 1 b":                `there is an argument too many: "b"`,
	} {
		code, stdout, stderr := execute(append([]string{"ring", "simulate"}, strings.Fields(args)...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, stderr, want)
		}
	}
	if code, _, stderr := execute("ring", "spin"); code != exitUsage || !strings.Contains(stderr, "ring needs simulate") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

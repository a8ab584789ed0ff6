package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestYAMLSaysTheSameAsJSON(t *testing.T) {
	address := serve(t, &fakeNode{shape: changing})
	for _, command := range []string{"status", "locate 1", "library list", "settings list"} {
		args := append(strings.Fields(command), "--http", address, "-o")
		_, asJSON, _ := execute(append(args, "json")...)
		code, asYAML, stderr := execute(append(args, "yaml")...)
		var want, got any
		if err := json.Unmarshal([]byte(asJSON), &want); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(asYAML), &got); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var back any
		if err := json.Unmarshal(again, &back); err != nil {
			t.Fatal(err)
		}
		if code != 0 || stderr != "" || !reflect.DeepEqual(back, want) {
			t.Errorf("%s: exit code %d, %s\n%s", command, code, stderr, asYAML)
		}
	}
}

func TestYAMLQuotesWhatReadersTakeForSomethingElse(t *testing.T) {
	value := struct {
		B, A   any
		Nested []any
		Empty  []any
		None   map[string]any
		Null   any
	}{"off", "library_1", []any{"10.0.0.1:3306", "1:30", "", "a: b\n\x7f", json.Number("0.50"), 3, true, map[string]any{"No": "NULL"}}, []any{}, map[string]any{}, nil}
	const want = `B: "off"
A: library_1
Nested:
  - "10.0.0.1:3306"
  - "1:30"
  - ""
  - "a: b\n\x7F"
  - 0.50
  - 3
  - true
  - "No": "NULL"
Empty: []
None: {}
"Null": null
`
	var out bytes.Buffer
	if err := writeYAML(&out, value); err != nil || out.String() != want {
		t.Errorf("%v, got\n%s", err, out.String())
	}
}

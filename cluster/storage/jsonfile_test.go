package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// noteFile is a file with a checksum.
type noteFile struct {
	Node     string   `json:"node"`
	Starts   uint64   `json:"starts"`
	Peers    []string `json:"peers"`
	Checksum string   `json:"checksum"`
}

func TestChangeOfAFileIsNoticedInThePartThatHasTheChecksum(t *testing.T) {
	t.Parallel()
	path, digit := filepath.Join(t.TempDir(), "note.json"), regexp.MustCompile(`\d`)
	for _, c := range []struct {
		name string
		part func(*noteFile) any
		seen map[string]bool // changed text: whether it is noticed
	}{
		{"all", func(n *noteFile) any { return n }, map[string]bool{`"starts": 3`: true, `"n2"`: true}},
		{"one field", func(n *noteFile) any { return &n.Peers }, map[string]bool{`"starts": 3`: false, `"n2"`: true}},
	} {
		note := noteFile{Node: "n1", Starts: 3, Peers: []string{"n2"}}
		if err := WriteJSON(path, &note, &note.Checksum, c.part(&note)); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var again noteFile
		if err := ParseJSON(whole, &again, &again.Checksum, c.part(&again)); err != nil || fmt.Sprint(again) != fmt.Sprint(note) || again.Checksum == "" {
			t.Errorf("%s: read back %+v, %v", c.name, again, err)
		}
		for text, seen := range c.seen {
			changed := bytes.Replace(whole, []byte(text), []byte(digit.ReplaceAllString(text, "7")), 1)
			if bytes.Equal(changed, whole) {
				t.Fatalf("%s: nothing to change in %s", c.name, whole)
			}
			var other noteFile
			if err := ParseJSON(changed, &other, &other.Checksum, c.part(&other)); errors.Is(err, errWrongSum) != seen {
				t.Errorf("%s: with %s changed: %v", c.name, text, err)
			}
		}
	}
}

// TestChecksumOfAFileIsThatOfItsTextWithoutWhiteSpace is what docs/formats.md says.
func TestChecksumOfAFileIsThatOfItsTextWithoutWhiteSpace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "node.json")
	note := noteFile{Node: "n1", Starts: 3, Peers: []string{"n2"}}
	if err := WriteJSON(path, &note, &note.Checksum, &note); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var says struct{ Checksum string }
	if err := json.Unmarshal(raw, &says); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Compact(&text, bytes.Replace(raw, []byte(says.Checksum), nil, 1)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%08x", sum(text.Bytes())); got != says.Checksum {
		t.Errorf("the checksum of %s is %s, the file says %s", &text, got, says.Checksum)
	}
}

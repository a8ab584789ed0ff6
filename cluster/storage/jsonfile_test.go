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

func TestChangeOfAFileIsNoticed(t *testing.T) {
	t.Parallel()
	path, digit := filepath.Join(t.TempDir(), "note.json"), regexp.MustCompile(`\d`)
	note := noteFile{Node: "n1", Starts: 3, Peers: []string{"n2"}}
	if err := WriteJSON(path, &note, &note.Checksum); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var again noteFile
	if err := ParseJSON(whole, &again, &again.Checksum); err != nil || fmt.Sprint(again) != fmt.Sprint(note) || again.Checksum == "" {
		t.Errorf("read back %+v, %v", again, err)
	}
	for _, text := range []string{`"starts": 3`, `"n2"`} {
		changed := bytes.Replace(whole, []byte(text), []byte(digit.ReplaceAllString(text, "7")), 1)
		if bytes.Equal(changed, whole) {
			t.Fatalf("there is no %s in %s", text, whole)
		}
		var other noteFile
		if err := ParseJSON(changed, &other, &other.Checksum); !errors.Is(err, errWrongSum) {
			t.Errorf("with %s changed: %v", text, err)
		}
	}
}

// TestChecksumOfAFileIsThatOfItsTextWithoutWhiteSpace is what docs/formats.md says.
func TestChecksumOfAFileIsThatOfItsTextWithoutWhiteSpace(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "node.json")
	note := noteFile{Node: "n1", Starts: 3, Peers: []string{"n2"}}
	if err := WriteJSON(path, &note, &note.Checksum); err != nil {
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

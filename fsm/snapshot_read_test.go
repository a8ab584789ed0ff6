package fsm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestASnapshotIsReadRecordByRecord(t *testing.T) {
	m := sample(t)
	file := snapshotBytes(t, m.Snapshot())
	var info SnapshotInfo
	var placements []Placement
	var bindings []Binding
	err := ReadSnapshot(bytes.NewReader(file), SnapshotVisitor{
		Header: func(i SnapshotInfo) error {
			info = i
			return nil
		},
		Placement: func(p Placement) error {
			placements = append(placements, p)
			return nil
		},
		Binding: func(b Binding) error {
			bindings = append(bindings, b)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	index, hash, digest := m.Fingerprint()
	if info.Format != 2 || info.Index != index || info.Hash != hash || info.Digest != digest || info.Placements != 3 || info.Bindings != 3 {
		t.Errorf("info %+v", info)
	}
	settings := *m.Settings()
	settings.Password, settings.Failover.Password, settings.Failover.ReplicationPassword = "", "", ""
	if *info.Settings != settings || m.Settings().Password == "" {
		t.Errorf("settings %+v", info.Settings)
	}
	if !sameLibraries(info.Libraries.All(), m.Libraries().All()) || info.Libraries.Version() != m.Libraries().Version() {
		t.Errorf("libraries %+v", info.Libraries)
	}
	if !slices.Equal(info.Nodes, m.Nodes()) {
		t.Errorf("nodes %+v", info.Nodes)
	}
	if want := []Placement{{"alice", 1, 1}, {"bob", 3, 1}, {"客户-1", 1, 1}}; !slices.Equal(placements, want) {
		t.Errorf("placements %+v", placements)
	}
	if want := []Binding{{"card", "1", "alice"}, {"card", "2", "客户-1"}, {"phone", "1", "alice"}}; !slices.Equal(bindings, want) {
		t.Errorf("bindings %+v", bindings)
	}
	if err := ReadSnapshot(bytes.NewReader(file), SnapshotVisitor{}); err != nil {
		t.Errorf("without callbacks: %v", err)
	}
	for i := range file {
		damaged := bytes.Clone(file)
		damaged[i] ^= 1
		if ReadSnapshot(bytes.NewReader(damaged), SnapshotVisitor{}) == nil || ReadSnapshot(bytes.NewReader(file[:i]), SnapshotVisitor{}) == nil {
			t.Errorf("byte %d: a damaged or a short file is read", i)
		}
	}
}

func TestAVisitorsErrorEndsTheReading(t *testing.T) {
	file := snapshotBytes(t, sample(t).Snapshot())
	enough := errors.New("enough")
	for name, v := range map[string]SnapshotVisitor{
		"header":    {Header: func(SnapshotInfo) error { return enough }, Placement: func(Placement) error { return errors.New("called") }},
		"placement": {Placement: func(Placement) error { return enough }, Binding: func(Binding) error { return errors.New("called") }},
		"binding":   {Binding: func(Binding) error { return enough }},
	} {
		if err := ReadSnapshot(bytes.NewReader(file), v); !errors.Is(err, enough) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAnErrorSaysWhichBlockItIsAbout(t *testing.T) {
	m := sample(t)
	file := snapshotBytes(t, m.Snapshot())
	blocks := []int{0, len(snapshotMagic) + 4} // where each begins
	for at := blocks[1]; at < len(file); blocks = append(blocks, at) {
		at += blockHeadLen + int(binary.BigEndian.Uint32(file[at+1:])) + checksumLen
	}
	if len(blocks) != 6 { // the start, header, placements, bindings, end, and the end of the file
		t.Fatalf("blocks begin at %v", blocks)
	}
	if err := ReadSnapshot(bytes.NewReader(append(bytes.Clone(file), 0)), SnapshotVisitor{}); !strings.Contains(fmt.Sprint(err), fmt.Sprintf("block 5 at byte %d: ", len(file))) {
		t.Errorf("something at the end: %v", err)
	}
	for i, at := range blocks[:5] {
		for what, damaged := range map[string][]byte{
			"changed": append(append(bytes.Clone(file[:at]), file[at]^1), file[at+1:]...),
			"cut":     file[:at+1],
		} {
			err := ReadSnapshot(bytes.NewReader(damaged), SnapshotVisitor{})
			if want := fmt.Sprintf("block %d at byte %d: ", i, at); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("block %d %s: %v does not say %q", i, what, err, want)
			}
		}
	}
}

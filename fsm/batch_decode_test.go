package fsm

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// checkDecoded checks that decodeBatch and decodeCommand agree.
func checkDecoded(t *testing.T, command []byte) (plain bool) {
	t.Helper()
	items, plain := decodeBatch(command)
	if !plain {
		return false
	}
	c, err := decodeCommand(command)
	if err != nil {
		t.Fatalf("%x is taken for a batch, but %v", command, err)
	}
	if want := itemsFromLog(c.GetBatch()); c.GetBatch() == nil || !slices.Equal(items, want) {
		t.Fatalf("%x: %+v, want %+v", command, items, want)
	}
	return true
}

func someBatches(t testing.TB) [][]byte {
	longest := strings.Repeat("客", MaxCoreLen/3)
	var commands [][]byte
	for _, b := range []Batch{
		{},
		{RingVersion: 1 << 40},
		{Items: []Item{AssignItem("alice", 1), BindItem("card", "1", "alice"), LocateItem("bob"), FindItem("card", "2")}},
		{RingVersion: 7, Items: []Item{AssignItem(longest, 1<<32-1), BindItem(longest, longest, longest)}},
		{Items: slices.Repeat([]Item{AssignItem("a", 1)}, MaxBatchItems)},
	} {
		commands = append(commands, encode(t, b))
	}
	return commands
}

func TestBatchesAreDecodedWithoutMessages(t *testing.T) {
	for _, command := range someBatches(t) {
		if !checkDecoded(t, command) {
			t.Errorf("%.40x... is not plain", command)
		}
	}
}

func TestOddBatchesAreLeftToProtobuf(t *testing.T) {
	good := encode(t, Batch{RingVersion: 1, Items: []Item{AssignItem("alice", 1), BindItem("card", "1", "alice")}})
	for i := range good {
		checkDecoded(t, good[:i])
		for bit := range 8 {
			damaged := slices.Clone(good)
			damaged[i] ^= 1 << bit
			checkDecoded(t, damaged)
		}
	}
	marshal := func(p *fsmpb.Item) []byte {
		b, err := proto.Marshal(&fsmpb.Command{Version: commandVersion, Body: &fsmpb.Command_Batch{Batch: &fsmpb.Batch{Items: []*fsmpb.Item{p}}}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, command := range map[string][]byte{
		"an unknown kind":      marshal(&fsmpb.Item{Kind: 5, Core: "a"}),
		"a negative kind":      marshal(&fsmpb.Item{Kind: -1, Core: "a"}),
		"another command":      encode(t, RemoveNode{ID: "n"}),
		"something follows":    append(slices.Clone(good), good...),
		"invalid UTF-8":        []byte("\x08\x03\x12\x07\x12\x05\x08\x01\x12\x01\xff"),
		"fields backwards":     []byte("\x08\x03\x12\x07\x12\x05\x12\x01a\x08\x01"),
		"a torn ring version":  []byte("\x08\x03\x12\x02\x08\x80"),
		"a library of 33 bits": []byte("\x08\x03\x12\x0d\x12\x0b\x08\x01\x12\x01a\x18\x81\x80\x80\x80\x10"),
	} {
		if checkDecoded(t, command) {
			t.Errorf("%s: taken for plain", name)
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	for _, command := range someBatches(f) {
		f.Add(command)
	}
	f.Fuzz(func(t *testing.T, command []byte) { checkDecoded(t, command) })
}

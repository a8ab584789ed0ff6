package fsm

import (
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of the fields that decodeBatch reads, as in fsm.proto.
const (
	commandVersionField protowire.Number = 1
	commandBatchField   protowire.Number = 2

	batchRingVersionField protowire.Number = 1
	batchItemsField       protowire.Number = 2

	itemKindField    protowire.Number = 1
	itemCoreField    protowire.Number = 2
	itemLibraryField protowire.Number = 3
	itemClassField   protowire.Number = 4
	itemObjectField  protowire.Number = 5
)

// decodeBatch reads the items of a Batch's log entry without making a message of
// each. It knows the plain form alone in which Batch.Encode writes: of anything
// else, be it wrong or just another way to say the same, it says that it is not
// plain, and decodeCommand has the say.
//
// The items' strings share one copy of the entry.
func decodeBatch(command []byte) (items []Item, plain bool) {
	r := plainReader{rest: string(command)}
	version := r.optionalNumber(commandVersionField, commandVersion)
	batch := plainReader{rest: r.message(commandBatchField)}
	if r.odd || r.rest != "" || version == 0 {
		return nil, false
	}
	batch.optionalNumber(batchRingVersionField, math.MaxUint64)
	items = make([]Item, 0, min(len(batch.rest)/shortestItem, MaxBatchItems))
	for batch.rest != "" {
		item, ok := plainItem(batch.message(batchItemsField))
		if batch.odd || !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return items, !batch.odd // where it ended before the first item, too
}

// shortestItem is an item of a core object of one byte: its own head, a kind and
// the name.
const shortestItem = 2 + 2 + 3

func plainItem(encoded string) (Item, bool) {
	r := plainReader{rest: encoded}
	item := Item{
		Kind:    ItemKind(r.optionalNumber(itemKindField, uint64(KindFind))),
		Core:    r.optionalString(itemCoreField),
		Library: LibraryID(r.optionalNumber(itemLibraryField, math.MaxUint32)),
		Class:   r.optionalString(itemClassField),
		Object:  r.optionalString(itemObjectField),
	}
	return item, !r.odd && r.rest == ""
}

// plainReader reads a protobuf message whose fields stand in the order of their
// numbers, each at most once. After anything else odd is set and stays so.
type plainReader struct {
	rest string
	odd  bool
}

// begins reports whether the next field is of that number and type, and skips
// its tag.
func (r *plainReader) begins(field protowire.Number, kind protowire.Type) bool {
	if r.rest == "" || uint64(r.rest[0]) != protowire.EncodeTag(field, kind) {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *plainReader) varint() uint64 {
	v, n := protowire.ConsumeVarint(bytesOf(r.rest))
	if n < 0 {
		r.odd, r.rest = true, ""
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// optionalNumber reads a number up to max, 0 if there is none.
func (r *plainReader) optionalNumber(field protowire.Number, max uint64) uint64 {
	if !r.begins(field, protowire.VarintType) {
		return 0
	}
	v := r.varint()
	r.odd = r.odd || v > max
	return v
}

// message reads an embedded message.
func (r *plainReader) message(field protowire.Number) string {
	if !r.begins(field, protowire.BytesType) {
		r.odd = true
		return ""
	}
	return r.bytes()
}

// optionalString reads a string, "" if there is none.
func (r *plainReader) optionalString(field protowire.Number) string {
	if !r.begins(field, protowire.BytesType) {
		return ""
	}
	s := r.bytes()
	r.odd = r.odd || !utf8.ValidString(s)
	return s
}

func (r *plainReader) bytes() string {
	n := r.varint()
	if n > uint64(len(r.rest)) {
		r.odd, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

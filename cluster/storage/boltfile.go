package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	// boltElement is the length of the record of an element at the beginning of a
	// page: of a leaf flags, position, length of key, length of value (4 bytes
	// each); of a branch position, length of key (4 bytes each), page (8).
	boltElement = 16
	// boltBucketHead is the length of a bucket's head: root (8 bytes), a sequence (8).
	boltBucketHead = 16
	// boltMaxDepth bounds the height of a tree; 2^16 elements a page fill far less.
	boltMaxDepth = 16
	// maxLogKey bounds the keys that are read: an index, or the name of a vote's part.
	maxLogKey = 64
	// maxLogValue bounds the values of entries: a command and what encloses it.
	maxLogValue = 256 << 20
)

// boltFile walks through a bbolt file and finds everything in it that bbolt would
// not have written. It reads the pages in use, without the values of large
// entries, and remembers one bit for each page.
type boltFile struct {
	file    *os.File
	size    int64
	meta    boltMeta
	used    []uint64                                                   // bits of the pages that were seen
	visit   func(bucket string, key, value []byte, valueLen int) error // see walkBolt
	buffers [boltMaxDepth][]byte
}

// walkBolt calls visit for every element of every bucket, in the order of keys.
// The slices are valid during the call; the value is nil if it is longer than half
// a page. An error says what is wrong with the file.
func walkBolt(file *os.File, visit func(bucket string, key, value []byte, valueLen int) error) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f := &boltFile{file: file, size: info.Size(), visit: visit}
	if f.meta, err = newerBoltMeta(f.readNew); err != nil {
		return err
	}
	if f.meta.pages > uint64(f.size)/uint64(f.meta.pageSize) {
		return fmt.Errorf("it is cut off: it has %d bytes, and %d pages of %d bytes are in use", f.size, f.meta.pages, f.meta.pageSize)
	}
	f.used = make([]uint64, f.meta.pages/64+1)
	f.used[0] = 3 // the meta pages
	if err := f.checkFreelist(); err != nil {
		return err
	}
	return f.page(f.meta.root, 0, bounds{}, f.bucket)
}

// checkFreelist makes sure that bbolt reads no list of free pages but the empty
// one of a new file. Later ones are not written, see openLog.
func (f *boltFile) checkFreelist() error {
	if f.meta.freelist == boltNoFreelist {
		return nil
	}
	page, err := f.header(f.meta.freelist, 0)
	if err == nil && (page.flags != boltFreelistPage || page.count != 0) {
		err = fmt.Errorf("page %d is no empty list of free pages", page.id)
	}
	if err != nil {
		return err
	}
	return f.use(page)
}

// bounds are what the keys of a page lie between, on behalf of the branches above
// it. nil is none.
type bounds struct{ from, below []byte }

// element is a part of a page.
type element struct {
	flags    uint32
	key      []byte
	value    []byte // of a leaf; nil if it is long
	valueLen int
	page     uint64 // of a branch
}

// readNew reads into memory of its own.
func (f *boltFile) readNew(offset int64, n int) ([]byte, error) {
	b := make([]byte, n)
	return b, f.read(b, offset)
}

func (f *boltFile) read(b []byte, offset int64) error {
	_, err := f.file.ReadAt(b, offset)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it is cut off: it has %d bytes, and there should be some at %d", f.size, offset)
	}
	return err
}

// header reads the beginning of a page into the buffer of a depth.
func (f *boltFile) header(id uint64, depth int) (boltPage, error) {
	if id < 2 || id >= f.meta.pages {
		return boltPage{}, fmt.Errorf("there is no page %d", id)
	}
	if f.buffers[depth] == nil {
		f.buffers[depth] = make([]byte, f.meta.pageSize)
	}
	f.buffers[depth] = f.buffers[depth][:f.meta.pageSize]
	if err := f.read(f.buffers[depth], int64(id)*int64(f.meta.pageSize)); err != nil {
		return boltPage{}, err
	}
	page := parseBoltPage(f.buffers[depth])
	if page.id != id {
		return boltPage{}, fmt.Errorf("page %d says that it is page %d", id, page.id)
	}
	return page, nil
}

// use marks a page and its overflow as seen.
func (f *boltFile) use(page boltPage) error {
	if uint64(page.overflow) >= f.meta.pages-page.id {
		return fmt.Errorf("page %d goes on behind the end", page.id)
	}
	for id := page.id; id <= page.id+uint64(page.overflow); id++ {
		if f.used[id/64]&(1<<(id%64)) != 0 {
			return fmt.Errorf("page %d has two uses", id)
		}
		f.used[id/64] |= 1 << (id % 64)
	}
	return nil
}

// page walks through the tree below a page.
func (f *boltFile) page(id uint64, depth int, within bounds, leaf func(element) error) error {
	if depth == boltMaxDepth {
		return fmt.Errorf("the tree at page %d is too high", id)
	}
	page, err := f.header(id, depth)
	if err != nil {
		return err
	}
	if page.flags != boltBranchPage && page.flags != boltLeafPage {
		return fmt.Errorf("page %d has the flags %#x", id, page.flags)
	}
	all, length, err := f.elements(page, depth)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	if uint64(page.overflow)+1 != (uint64(length)+uint64(f.meta.pageSize)-1)/uint64(f.meta.pageSize) {
		return fmt.Errorf("page %d is %d bytes long and goes on for %d pages", id, length, page.overflow)
	}
	if err := f.use(page); err != nil {
		return err
	}
	if err := inOrder(all, within); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	for i, e := range all {
		if page.flags == boltLeafPage {
			err = leaf(e)
		} else {
			below := within.below
			if i+1 < len(all) {
				below = all[i+1].key
			}
			err = f.page(e.page, depth+1, bounds{e.key, below}, leaf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inOrder(all []element, within bounds) error {
	for i, e := range all {
		switch {
		case i > 0 && bytes.Compare(all[i-1].key, e.key) >= 0,
			within.from != nil && bytes.Compare(e.key, within.from) < 0,
			within.below != nil && bytes.Compare(e.key, within.below) >= 0:
			return fmt.Errorf("the key %x is not in order", e.key)
		}
	}
	return nil
}

// elements reads the elements of the page in the buffer of a depth and returns
// the length of the whole page.
func (f *boltFile) elements(page boltPage, depth int) ([]element, int64, error) {
	start := int64(page.id) * int64(f.meta.pageSize)
	read := func(offset int64, n int) ([]byte, error) {
		if end := offset + int64(n); end <= int64(f.meta.pageSize) {
			return f.buffers[depth][offset:end], nil
		}
		if start+offset+int64(n) > int64(f.meta.pages)*int64(f.meta.pageSize) {
			return nil, errors.New("an element lies behind the end")
		}
		return f.readNew(start+offset, n)
	}
	return parseElements(page, int(f.meta.pageSize/2), read)
}

// parseElements reads a page whose bytes read gives. bbolt writes the records of
// the elements, and then their keys and values without a gap: so whatever is
// wrong with a length, a position or the number of elements is noticed.
// Values longer than long are not read.
func parseElements(page boltPage, long int, read func(offset int64, n int) ([]byte, error)) ([]element, int64, error) {
	records, err := read(boltPageHeader, int(page.count)*boltElement)
	if err != nil {
		return nil, 0, err
	}
	all := make([]element, page.count)
	at := int64(boltPageHeader + len(records))
	for i := range all {
		e := &all[i]
		record := records[i*boltElement:][:boltElement]
		n := binary.NativeEndian
		var position, keyLen, valueLen uint32
		if page.flags == boltLeafPage {
			e.flags, position, keyLen, valueLen = n.Uint32(record), n.Uint32(record[4:]), n.Uint32(record[8:]), n.Uint32(record[12:])
		} else {
			position, keyLen, e.page = n.Uint32(record), n.Uint32(record[4:]), n.Uint64(record[8:])
		}
		if int64(position) != at-int64(boltPageHeader+i*boltElement) || keyLen == 0 || keyLen > maxLogKey || valueLen > maxLogValue {
			return nil, 0, fmt.Errorf("element %d is not where it should be", i)
		}
		inline := int(valueLen)
		if inline > long {
			inline = 0
		}
		both, err := read(at, int(keyLen)+inline)
		if err != nil {
			return nil, 0, err
		}
		e.key, e.valueLen = both[:keyLen], int(valueLen)
		if inline == int(valueLen) {
			e.value = both[keyLen:]
		}
		at += int64(keyLen) + int64(valueLen)
	}
	return all, at, nil
}

// bucket walks through one bucket, which the tree of buckets has as an element.
// A small one lies within the element itself.
func (f *boltFile) bucket(e element) error {
	if e.flags != 1 || len(e.value) < boltBucketHead {
		return fmt.Errorf("%x is no bucket", e.key)
	}
	name := string(e.key)
	leaf := func(e element) error {
		if e.flags != 0 {
			return fmt.Errorf("the element %x has the flags %#x", e.key, e.flags)
		}
		return f.visit(name, e.key, e.value, e.valueLen)
	}
	root, within := binary.NativeEndian.Uint64(e.value), e.value[boltBucketHead:]
	if root != 0 {
		if len(within) != 0 {
			return fmt.Errorf("bucket %q is in two places", name)
		}
		return f.page(root, 1, bounds{}, leaf)
	}
	return inlineBucket(within, leaf)
}

func inlineBucket(b []byte, leaf func(element) error) error {
	if len(b) < boltPageHeader {
		return errors.New("a small bucket is cut off")
	}
	page := parseBoltPage(b)
	if page.flags != boltLeafPage || page.id != 0 || page.overflow != 0 {
		return errors.New("a small bucket is no leaf")
	}
	all, length, err := parseElements(page, len(b), func(offset int64, n int) ([]byte, error) {
		if offset+int64(n) > int64(len(b)) {
			return nil, errors.New("a small bucket is cut off")
		}
		return b[offset:][:n], nil
	})
	if err == nil && length != int64(len(b)) {
		err = errors.New("a small bucket has a wrong length")
	}
	if err == nil {
		err = inOrder(all, bounds{})
	}
	for _, e := range all {
		if err != nil {
			break
		}
		err = leaf(e)
	}
	return err
}

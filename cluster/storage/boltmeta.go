package storage

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// The log lies in a bbolt file. bbolt believes what it reads: of a damaged file it
// panics, also in goroutines of its own while it opens it, or goes on with the
// state before its last transaction, or with entries missing. So the file is read
// here first, with nothing but reads at offsets, and refused if it is not exactly
// as bbolt writes it. The file itself is bbolt's; this only checks it.
//
// A file consists of pages. Pages 0 and 1 are meta pages, written in turn, one
// each transaction, with a checksum; the newer one names the root of a tree of
// branch and leaf pages. A page may go on in the pages after it, its overflow.
// Numbers have the byte order of the machine.

const (
	boltMagic       = 0xED0CDAED
	boltVersion     = 2
	boltNoFreelist  = ^uint64(0)
	boltPageHeader  = 16 // id (8 bytes), flags (2), count (2), overflow (4)
	boltMetaLen     = 64 // see parseBoltMeta
	boltMinPageSize = 1 << 10
	boltMaxPageSize = 1 << 24

	boltBranchPage   = 0x01
	boltLeafPage     = 0x02
	boltMetaPage     = 0x04
	boltFreelistPage = 0x10
)

// boltMeta is what a meta page says.
type boltMeta struct {
	pageSize uint32
	root     uint64 // page of the tree of buckets
	freelist uint64 // page of the list of free pages, or boltNoFreelist
	pages    uint64 // all pages in use are below it
	tx       uint64 // number of the transaction that wrote it
}

// boltPage is the header of a page.
type boltPage struct {
	id       uint64
	flags    uint16
	count    uint16
	overflow uint32
}

func parseBoltPage(b []byte) boltPage {
	return boltPage{
		id:       binary.NativeEndian.Uint64(b),
		flags:    binary.NativeEndian.Uint16(b[8:]),
		count:    binary.NativeEndian.Uint16(b[10:]),
		overflow: binary.NativeEndian.Uint32(b[12:]),
	}
}

// parseBoltMeta reads meta page id from its first bytes.
func parseBoltMeta(b []byte, id uint64) (boltMeta, error) {
	page := parseBoltPage(b)
	if page.id != id || page.flags != boltMetaPage {
		return boltMeta{}, fmt.Errorf("meta page %d is not one", id)
	}
	b = b[boltPageHeader:][:boltMetaLen]
	n := binary.NativeEndian
	if n.Uint32(b) != boltMagic || n.Uint32(b[4:]) != boltVersion {
		return boltMeta{}, fmt.Errorf("meta page %d is not one of a log of this release", id)
	}
	sum := fnv.New64a()
	sum.Write(b[:56]) // never an error
	if sum.Sum64() != n.Uint64(b[56:]) {
		return boltMeta{}, fmt.Errorf("the checksum of meta page %d is wrong", id)
	}
	m := boltMeta{
		pageSize: n.Uint32(b[8:]), root: n.Uint64(b[16:]), // 24: a sequence that is not used
		freelist: n.Uint64(b[32:]), pages: n.Uint64(b[40:]), tx: n.Uint64(b[48:]),
	}
	if m.pageSize < boltMinPageSize || m.pageSize > boltMaxPageSize || m.pageSize&(m.pageSize-1) != 0 {
		return boltMeta{}, fmt.Errorf("meta page %d has pages of %d bytes", id, m.pageSize)
	}
	return m, nil
}

// newerBoltMeta returns the meta page that counts. Both have to be whole and one
// transaction apart: with one of them gone bbolt would go on without the last
// transaction, which may have been an acknowledged one. A crash leaves no such
// page, as what counts of one lies within one sector.
func newerBoltMeta(read func(offset int64, n int) ([]byte, error)) (boltMeta, error) {
	head, err := read(0, boltPageHeader+boltMetaLen)
	if err != nil {
		return boltMeta{}, err
	}
	a, err := parseBoltMeta(head, 0)
	if err != nil {
		return boltMeta{}, err
	}
	if head, err = read(int64(a.pageSize), boltPageHeader+boltMetaLen); err != nil {
		return boltMeta{}, err
	}
	b, err := parseBoltMeta(head, 1)
	if err != nil {
		return boltMeta{}, err
	}
	if b.tx != a.tx+1 && a.tx != b.tx+1 || a.pageSize != b.pageSize {
		return boltMeta{}, fmt.Errorf("its meta pages are of transactions %d and %d, which do not follow each other", a.tx, b.tx)
	}
	if a.tx > b.tx {
		return a, nil
	}
	return b, nil
}

package nemesis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// tear kills a minority and damages what a power cut may: what a node had not yet
// made sure to be on disk. Those are pages of the log's file that no finished
// transaction refers to, snapshots that are not finished, and the new copy of a file
// that was not yet put in the old one's place. Everything else is on disk when a node
// says so, and a crash does not touch it.
func tear(ctx context.Context, s *Site) error {
	nodes := s.minority()
	defer nodes.free()
	// A generator of its own: how much garbage there is depends on the files.
	garbage := rand.New(rand.NewPCG(s.Random.Uint64(), 0))
	return s.killFor(ctx, nodes, minDead, maxDead, func(n target) error {
		healed := s.injured("torn write", n.ID)
		defer healed()
		dir := n.DataDir()
		err := errors.Join(tearLog(garbage, filepath.Join(dir, "raft.db")), tearSnapshots(garbage, dir), tearCopy(garbage, filepath.Join(dir, "node.json")))
		if err != nil {
			return fmt.Errorf("tear what %s wrote: %w", n.ID, err)
		}
		return nil
	})
}

// The log's file is one of bbolt's. Its first two pages say in how many pages the last
// two transactions lie; the next one writes to pages after them before it says so.
const (
	metaLength     = 80 // of what counts in a meta page
	pageSizeAt     = 16 + 8
	pagesInUseAt   = 16 + 40
	mostPagesOfOne = 8 // garbage of one transaction
)

// tearLog writes garbage after the pages in use, as far as the file has room there.
func tearLog(random *rand.Rand, path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(tearAfterUse(random, file), file.Close())
}

func tearAfterUse(random *rand.Rand, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	var meta [metaLength]byte
	var inUse, pageSize int64
	for i := range int64(2) {
		if _, err := file.ReadAt(meta[:], i*pageSize); err != nil {
			return err
		}
		pageSize = int64(binary.NativeEndian.Uint32(meta[pageSizeAt:]))
		inUse = max(inUse, int64(binary.NativeEndian.Uint64(meta[pagesInUseAt:]))*pageSize)
	}
	room := min(info.Size()-inUse, mostPagesOfOne*pageSize)
	if room <= 0 {
		return nil
	}
	_, err = file.WriteAt(noise(random, 1+random.Int64N(room)), inUse)
	return err
}

// tearSnapshots cuts the files of unfinished snapshots off and writes garbage to them.
func tearSnapshots(random *rand.Rand, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "snapshots", "*.tmp", "*"))
	if err != nil {
		return err
	}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		left := random.Int64N(info.Size() + 1)
		if err := errors.Join(os.Truncate(path, left), appendTo(path, noise(random, random.Int64N(info.Size()-left+1)))); err != nil {
			return err
		}
	}
	return nil
}

// tearCopy leaves half of a new copy of a file.
func tearCopy(random *rand.Rand, path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path+".new", text[:random.IntN(len(text)+1)], 0o600)
}

func appendTo(path string, b []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(b)
	return errors.Join(err, file.Close())
}

func noise(random *rand.Rand, length int64) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

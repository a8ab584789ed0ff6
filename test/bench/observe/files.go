package observe

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
)

// DiskBytes is what all files below a directory take up on the disk. A file that
// goes away meanwhile counts nothing.
func DiskBytes(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return ignoreGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreGone(err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			sum += stat.Blocks * blockBytes
		}
		return nil
	})
	return sum, err
}

// blockBytes is the unit of stat(2)'s st_blocks, whatever the file system's is.
const blockBytes = 512

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// FreeDiskBytes is what an ordinary user may still write to the file system of dir.
func FreeDiskBytes(dir string) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}

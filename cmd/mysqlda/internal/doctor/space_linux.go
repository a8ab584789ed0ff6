package doctor

import "golang.org/x/sys/unix"

// freeBytes is what a user without privileges may yet write to the file system of dir.
func freeBytes(dir string) (free uint64, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil || s.Bsize <= 0 {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}

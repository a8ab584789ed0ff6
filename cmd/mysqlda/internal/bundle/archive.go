package bundle

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
)

// Write writes the parts to a new file that only its owner may read, a tar compressed
// with gzip, in a directory of that name. An error about a file that is there wraps
// wholefile.ErrExists.
func Write(file, directory string, parts []Part) error {
	out, err := wholefile.Create(file, false)
	if err != nil {
		return err
	}
	defer out.Discard()
	if err := writeTar(out, directory, parts); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return out.Commit()
}

func writeTar(w io.Writer, directory string, parts []Part) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	now := time.Now()
	for _, p := range parts {
		header := &tar.Header{Name: path.Join(directory, p.Name), Mode: 0o600, Size: int64(len(p.Content)), ModTime: now}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(p.Content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

package progress

import (
	"io"
	"os"
	"sync/atomic"
)

// Reader counts what is read through it.
type Reader struct {
	r     io.Reader
	total int64 // 0 where it is not known
	read  atomic.Int64
}

// NewReader makes a Reader of r. Of a regular file it knows how much there is to read.
func NewReader(r io.Reader) *Reader {
	counting := &Reader{r: r}
	if file, ok := r.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			counting.total = info.Size()
		}
	}
	return counting
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.read.Add(int64(n))
	return n, err
}

// State is how far it is. It may be called from any goroutine.
func (r *Reader) State() State {
	s := State{Done: uint64(r.read.Load()), Unit: Bytes, Share: -1}
	if r.total > 0 {
		s.Share = float64(s.Done) / float64(r.total)
	}
	return s
}

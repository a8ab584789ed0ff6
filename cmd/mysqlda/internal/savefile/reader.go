package savefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds a line, in bytes. Longer ones have been glued together from
// more pieces than anybody could tell apart.
const MaxLine = 64 << 10

// readBuffer is how much of a file is read at once, in bytes; more than MaxLine.
const readBuffer = 256 << 10

// Reader reads a save file line by line. It is for one goroutine.
type Reader struct {
	parser parser
	in     *bufio.Reader
	doubt  doubtCursor
	line   uint64
	bytes  uint64
	found  findings
}

// NewReader reads what r gives: placements in the libraries, or, if class is
// set, bindings. Doubt is what a Survey of the same file has found.
func NewReader(r io.Reader, libraries Libraries, class bool, doubt Doubt) *Reader {
	return &Reader{
		parser: parser{libraries: libraries, class: class},
		in:     bufio.NewReaderSize(r, readBuffer),
		doubt:  doubtCursor{rest: doubt},
	}
}

// Line is the number of the line that was read last, from 1.
func (r *Reader) Line() uint64 { return r.line }

// Bytes is how much of the file was read.
func (r *Reader) Bytes() uint64 { return r.bytes }

// Next reads a line and returns its records and problems, which are good until
// the next call. At the end of the file the error is io.EOF.
func (r *Reader) Next() ([]Record, []Problem, error) {
	line, ended, err := r.readLine()
	if err != nil {
		return nil, nil, err
	}
	r.line++
	f := &r.found
	if len(line) > MaxLine {
		f.reset()
		f.problem(Torn, "it has more than %d bytes", MaxLine)
	} else {
		r.parser.parse(line, ended, f)
	}
	if in, doubtful := r.doubt.at(r.line); doubtful && len(f.records)+len(f.problems) > 0 {
		f.records, f.problems = f.records[:0], f.problems[:0]
		f.problem(Torn, "two processes have written lines %d to %d at the same time, so none of them is sure: %s", in.First, in.Last, quote(line))
	}
	for i := range f.problems {
		f.problems[i].Line = r.line
	}
	return f.records, f.problems, nil
}

// readLine returns a line without its end; of one that does not fit into the
// buffer, the beginning.
func (r *Reader) readLine() (line []byte, ended bool, err error) {
	line, err = r.in.ReadSlice('\n')
	r.bytes += uint64(len(line))
	switch {
	case err == nil:
		return line[:len(line)-1], true, nil
	case errors.Is(err, io.EOF) && len(line) > 0:
		return line, false, nil
	case errors.Is(err, bufio.ErrBufferFull):
		return line, true, r.skipLine()
	case errors.Is(err, io.EOF):
		return nil, false, io.EOF
	default:
		return nil, false, fmt.Errorf("after line %d: %w", r.line, err)
	}
}

func (r *Reader) skipLine() error {
	for {
		part, err := r.in.ReadSlice('\n')
		r.bytes += uint64(len(part))
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("in line %d: %w", r.line+1, err)
		}
	}
}

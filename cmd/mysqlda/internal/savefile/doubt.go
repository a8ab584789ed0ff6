package savefile

import "errors"

// Span is a range of lines, both ends included.
type Span struct{ First, Last uint64 }

// Doubt are the spans of a file that two processes have written at the same
// time, in ascending order. In them even a line that looks good may name the
// library of another record.
//
// A killed process leaves records without a line end, and nothing else. Of a
// process that was only overtaken the rest of the record, or at least its line
// end, turns up later, as a line without a time stamp. So each such line is
// paired, as closing brackets are, with the nearest record before it that lacks
// its end; what lies between is doubtful.
type Doubt []Span

const (
	// doubtWindow bounds how many lines one process may have written while
	// another was stopped between two pieces of a line.
	doubtWindow = 10_000
	// maxDoubt bounds the spans and the unfinished records of one file. A file with
	// more is no save file.
	maxDoubt = 1 << 16
)

var errTooTorn = errors.New("too many lines are torn: this is no save file")

// doubtFinder finds the spans while the lines go by.
type doubtFinder struct {
	open  []uint64 // lines of records without an end, ascending
	spans Doubt
}

func (d *doubtFinder) line(number uint64, balance int) error {
	for ; balance > 0; balance-- {
		d.open = append(d.open, number)
	}
	if balance < 0 {
		d.close(number)
	}
	if len(d.open) > maxDoubt || len(d.spans) > maxDoubt {
		return errTooTorn
	}
	return nil
}

func (d *doubtFinder) close(number uint64) {
	if len(d.open) == 0 {
		return
	}
	first := d.open[len(d.open)-1]
	if number-first > doubtWindow {
		d.open = d.open[:0] // the others are even farther away
		return
	}
	d.open = d.open[:len(d.open)-1]
	// Pairs are nested, so what was found since lies within.
	for len(d.spans) > 0 && d.spans[len(d.spans)-1].Last >= first {
		d.spans = d.spans[:len(d.spans)-1]
	}
	d.spans = append(d.spans, Span{first, number})
}

// doubtCursor looks lines up in ascending order.
type doubtCursor struct{ rest Doubt }

func (c *doubtCursor) at(line uint64) (Span, bool) {
	for len(c.rest) > 0 && c.rest[0].Last < line {
		c.rest = c.rest[1:]
	}
	if len(c.rest) == 0 || line < c.rest[0].First {
		return Span{}, false
	}
	return c.rest[0], true
}

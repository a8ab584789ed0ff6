package savefile

import (
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
)

// parser tells what stands on a line.
type parser struct {
	libraries Libraries
	class     bool // it is the file of a correlated class
}

// findings are what stands on one line.
type findings struct {
	records  []Record
	problems []Problem // without line numbers
	// balance is how many more records begin on the line than end on it.
	balance int
}

func (f *findings) reset() {
	f.records, f.problems, f.balance = f.records[:0], f.problems[:0], 0
}

func (f *findings) problem(kind Kind, format string, args ...any) {
	f.problems = append(f.problems, Problem{Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// parse reads a line without its line end; ended says that it had one.
func (p *parser) parse(line []byte, ended bool, f *findings) {
	f.reset()
	if name, target, ok := clean(line); ok && ended && p.take(name, target, f) {
		return
	}
	first := nextStamp(line, 0)
	if first < 0 {
		p.parseFragment(line, ended, f)
		return
	}
	if _, _, count := fields(line[:first]); count > 0 {
		f.problem(Torn, "it begins with %s, which is left of a record; which one is not known", quote(line[:first]))
	}
	for at := first; at >= 0; {
		next := nextStamp(line, at+stampLen)
		if next < 0 {
			p.parsePart(line[at+stampLen:], ended, f)
			return
		}
		f.balance++
		p.parsePart(line[at+stampLen:next], false, f)
		at = next
	}
}

// take takes a record of which all is known to be there, if its names are good.
func (p *parser) take(name, target []byte, f *findings) bool {
	if !good(name, fsm.MaxCoreLen) {
		return false
	}
	if p.class {
		if !good(target, fsm.MaxCoreLen) {
			return false
		}
		f.records = append(f.records, Record{Name: name, Core: target})
		return true
	}
	library, known := p.libraries.byName[string(target)]
	if known {
		f.records = append(f.records, Record{Name: name, Library: library.id})
	}
	return known
}

// good is fsm.CheckName without its text, and fast for ASCII.
func good(name []byte, most int) bool {
	if len(name) == 0 || len(name) > most {
		return false
	}
	for _, c := range name {
		if c >= 0x7f {
			return fsm.CheckName("", string(name), most) == nil
		}
		if c <= ' ' {
			return false
		}
	}
	return true
}

// parseFragment is for a line without a time stamp.
func (p *parser) parseFragment(line []byte, ended bool, f *findings) {
	if ended {
		f.balance = -1
	}
	if _, _, count := fields(line); count > 0 {
		f.problem(Torn, "there is no time stamp in %s", quote(line))
	}
}

// parsePart is for what follows a time stamp, up to the next one or to the end
// of the line. Ended says that the record's own line end follows.
func (p *parser) parsePart(part []byte, ended bool, f *findings) {
	name, target, count := fields(part)
	if count != 2 || !space(part[0]) {
		f.problem(Torn, "a record needs a name and %s after its time stamp, this one has %s", p.what(), quote(part))
		return
	}
	for _, n := range [][]byte{name, target} {
		if err := fsm.CheckName("name", string(n), fsm.MaxCoreLen); err != nil {
			f.problem(Malformed, "%s: %v", quote(n), err)
			return
		}
	}
	library, known := p.libraries.byName[string(target)]
	switch {
	case p.class && ended:
	case p.class:
		f.problem(Torn, "the record of %s has lost its line end, and perhaps the end of %s", quote(name), quote(target))
		return
	case !known && (p.libraries.cut(string(target)) || !ended):
		f.problem(Torn, "the record of %s has lost the end of its library's name: %s", quote(name), quote(target))
		return
	case !known:
		f.problems = append(f.problems, Problem{Kind: Unknown, Text: fmt.Sprintf("%s lives in %s, which the cluster does not have", quote(name), quote(target)), Library: string(target)})
		return
	case !ended && !library.sure:
		f.problem(Torn, "the record of %s has lost its line end, and perhaps the end of its library's name: a cut of another record may look like %s too", quote(name), quote(target))
		return
	}
	p.take(name, target, f)
}

func (p *parser) what() string {
	if p.class {
		return "a core object"
	}
	return "a library"
}

// quote shows what stands in a file, in bounds.
func quote(b []byte) string {
	const most = 80
	if len(b) > most {
		return fmt.Sprintf("%q...", b[:most])
	}
	return fmt.Sprintf("%q", b)
}

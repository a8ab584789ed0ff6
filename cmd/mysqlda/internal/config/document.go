package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/mysqlda/mysqlda/fsm"
)

// document is a parsed file while it is being decoded. It gathers problems
// instead of stopping at the first one, so that the error can name the one that
// comes first in the file and say how many there are.
type document struct {
	src      []byte
	problems []problem
}

type problem struct {
	offset int
	key    string
	text   string
}

// parse makes a document of src. The error names a line and a column.
func parse(file string, src []byte) (*document, *object, error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	d := &document{src: src}
	root, err := hujson.Parse(src)
	if err != nil {
		return nil, nil, syntaxError(file, err)
	}
	o, ok := d.object("", root)
	if !ok {
		return nil, nil, d.err(file)
	}
	return d, o, nil
}

// syntaxError turns hujson's error, which begins with line and column, into
// ours. It leaves out a bad literal itself: that may be a password.
func syntaxError(file string, err error) *Error {
	e := &Error{File: file, Line: 1, Column: 1, Problem: "not JSON"}
	var line, column int
	if n, _ := fmt.Sscanf(err.Error(), "hujson: line %d, column %d:", &line, &column); n == 2 {
		e.Line, e.Column = line, column
		what, _, _ := strings.Cut(errors.Unwrap(err).Error(), ": ")
		if what != "invalid literal" {
			what = errors.Unwrap(err).Error()
		}
		e.Problem = fmt.Sprintf("not JSON: column %d: %s", column, what)
	}
	return e
}

// report keeps the first problem of each key: what follows from it is no news.
func (d *document) report(offset int, key, format string, args ...any) {
	if slices.ContainsFunc(d.problems, func(p problem) bool { return p.offset == offset && p.key == key }) {
		return
	}
	d.problems = append(d.problems, problem{offset, key, fmt.Sprintf(format, args...)})
}

// err returns the problem that comes first in the file, or nil.
func (d *document) err(file string) error {
	if len(d.problems) == 0 {
		return nil
	}
	first := slices.MinFunc(d.problems, func(a, b problem) int { return a.offset - b.offset })
	before := d.src[:first.offset]
	return &Error{
		File:    file,
		Line:    1 + bytes.Count(before, []byte("\n")),
		Column:  len(before) - bytes.LastIndexByte(before, '\n'),
		Key:     first.key,
		Problem: first.text,
		More:    len(d.problems) - 1,
	}
}

// object is one JSON object of the document. Reading a key makes it known;
// choice reads an optional string that must be one of the given words.
func (o *object) choice(name string, into *string, words ...string) (present bool) {
	present = o.text(name, into)
	if present && !slices.Contains(words, *into) {
		o.report(name, "must be one of %s, not %q", strings.Join(words, ", "), *into)
	}
	return present
}

// close reports the keys that nothing has read.
type object struct {
	doc     *document
	key     string // path of the object, "" for the root
	offset  int
	members []member
	known   []string
}

type member struct {
	name   string
	offset int
	value  hujson.Value
}

// object reads v as an object and reports it when it is not one, or has a key
// twice.
func (d *document) object(key string, v hujson.Value) (*object, bool) {
	raw, ok := v.Value.(*hujson.Object)
	if !ok {
		d.report(v.StartOffset, key, "must be an object {...}, not %s", kindName(v))
		return nil, false
	}
	o := &object{doc: d, key: key, offset: v.StartOffset}
	for _, m := range raw.Members {
		name := m.Name.Value.(hujson.Literal).String()
		if o.find(name) != nil {
			d.report(m.Name.StartOffset, o.path(name), "given twice")
			continue
		}
		o.members = append(o.members, member{name, m.Name.StartOffset, m.Value})
	}
	return o, true
}

func (o *object) find(name string) *member {
	for i := range o.members {
		if o.members[i].name == name {
			return &o.members[i]
		}
	}
	return nil
}

// get returns the member and makes its name known.
func (o *object) get(name string) *member {
	o.known = append(o.known, name)
	return o.find(name)
}

func (o *object) path(name string) string {
	if o.key == "" {
		return name
	}
	return o.key + "." + name
}

// report reports a problem with the named key, at the object when the file does
// not have that key.
func (o *object) report(name, format string, args ...any) {
	offset := o.offset
	if m := o.find(name); m != nil {
		offset = m.offset
	}
	o.doc.report(offset, o.path(name), format, args...)
}

// section reads an optional object and closes it after decode has read its keys.
func (o *object) section(name string, decode func(*object)) (present bool) {
	m := o.get(name)
	if m == nil {
		return false
	}
	if sub, ok := o.doc.object(o.path(name), m.value); ok {
		decode(sub)
		sub.close()
	}
	return true
}

// list reads an optional list of objects and closes each after decode has read
// its keys.
func (o *object) list(name string, max int, decode func(*object)) (present bool) {
	m := o.get(name)
	if m == nil {
		return false
	}
	raw, ok := m.value.Value.(*hujson.Array)
	if !ok {
		o.report(name, "must be a list [...], not %s", kindName(m.value))
		return true
	}
	if len(raw.Elements) > max {
		o.report(name, "has %d entries, at most %d are allowed", len(raw.Elements), max)
		return true
	}
	for i, v := range raw.Elements {
		if sub, ok := o.doc.object(fmt.Sprintf("%s[%d]", o.path(name), i), v); ok {
			decode(sub)
			sub.close()
		}
	}
	return true
}

// text reads an optional string.
func (o *object) text(name string, into *string) (present bool) {
	m := o.get(name)
	if m == nil {
		return false
	}
	lit, ok := m.value.Value.(hujson.Literal)
	if !ok || lit.Kind() != '"' {
		o.report(name, "must be a string, not %s", kindName(m.value))
		return false
	}
	*into = lit.String()
	return true
}

// texts reads an optional list of strings and hands each to check, which says
// what is wrong with it, if anything.
func (o *object) texts(name string, max int, check func(string) (problem string)) {
	m := o.get(name)
	if m == nil {
		return
	}
	raw, ok := m.value.Value.(*hujson.Array)
	if !ok {
		o.report(name, "must be a list [...], not %s", kindName(m.value))
		return
	}
	if len(raw.Elements) > max {
		o.report(name, "has %d entries, at most %d are allowed", len(raw.Elements), max)
		return
	}
	for i, v := range raw.Elements {
		key := fmt.Sprintf("%s[%d]", o.path(name), i)
		lit, ok := v.Value.(hujson.Literal)
		if !ok || lit.Kind() != '"' {
			o.doc.report(v.StartOffset, key, "must be a string, not %s", kindName(v))
		} else if problem := check(lit.String()); problem != "" {
			o.doc.report(v.StartOffset, key, "%s", problem)
		}
	}
}

// whole reads an optional whole number between lo and hi.
func (o *object) whole(name string, lo, hi int64, into *int64) (present bool) {
	m := o.get(name)
	if m == nil {
		return false
	}
	lit, ok := m.value.Value.(hujson.Literal)
	if !ok || lit.Kind() != '0' {
		o.report(name, "must be a whole number, not %s", kindName(m.value))
		return false
	}
	n, err := strconv.ParseInt(string(lit), 10, 64)
	if err != nil || n < lo || n > hi {
		o.report(name, "must be a whole number from %d to %d, not %s", lo, hi, lit)
		return false
	}
	*into = n
	return true
}

// flag reads an optional true or false.
func (o *object) flag(name string, into *bool) (present bool) {
	m := o.get(name)
	if m == nil {
		return false
	}
	lit, ok := m.value.Value.(hujson.Literal)
	if !ok || lit.Kind() != 't' && lit.Kind() != 'f' {
		o.report(name, "must be true or false, not %s", kindName(m.value))
		return false
	}
	*into = lit.Bool()
	return true
}

// share reads an optional share and gives it in thousandths.
func (o *object) share(name string, into *uint32) (present bool) {
	m := o.get(name)
	if m == nil {
		return false
	}
	lit, ok := m.value.Value.(hujson.Literal)
	if !ok || lit.Kind() != '0' {
		o.report(name, "must be a number, not %s", kindName(m.value))
		return false
	}
	mille, ok := fsm.ParseShare(string(lit))
	if !ok {
		o.report(name, "must be a number from 0.001 to 1 with at most three decimals, not %s", lit)
		return false
	}
	*into = mille
	return true
}

// close reports every key that was not read.
func (o *object) close() {
	for _, m := range o.members {
		if slices.Contains(o.known, m.name) {
			continue
		}
		text := "unknown key"
		if near := nearest(m.name, o.known); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		} else {
			text += "; known here: " + strings.Join(o.known, ", ")
		}
		o.doc.report(m.offset, o.path(m.name), "%s", text)
	}
}

func kindName(v hujson.Value) string {
	switch v.Value.Kind() {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 'n':
		return "null"
	default:
		return "true or false"
	}
}

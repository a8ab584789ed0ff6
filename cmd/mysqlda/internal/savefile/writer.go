package savefile

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
	"github.com/mysqlda/mysqlda/fsm"
)

// maxClasses bounds the files that are open at a time.
const maxClasses = 512

// Writer writes save files into a directory: mysqlda.save for placements and
// mysqlda.CLASS.save for each class. They appear with Commit. It is for one
// goroutine; whoever makes one must call Discard in the end.
type Writer struct {
	dir   string
	force bool
	stamp string
	files map[string]*draft // by class
}

// draft is a file that is not complete yet.
type draft struct {
	file *wholefile.File
	out  *bufio.Writer
}

// NewWriter makes a writer. Files of the same names are replaced with force, else
// they are an error. The records' time stamps are all at: when a record was made is
// not known.
func NewWriter(dir string, force bool, at time.Time) *Writer {
	return &Writer{dir: dir, force: force, stamp: at.Format(time.DateTime), files: map[string]*draft{}}
}

// Placement writes a record.
func (w *Writer) Placement(core, library string) error { return w.write("", core, library) }

// Binding writes a record.
func (w *Writer) Binding(class, object, core string) error { return w.write(class, object, core) }

func (w *Writer) write(class, name, target string) error {
	d, err := w.draft(class)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(d.out, "%s %s %s\n", w.stamp, name, target)
	return err
}

func (w *Writer) draft(class string) (*draft, error) {
	if d, ok := w.files[class]; ok {
		return d, nil
	}
	name := "mysqlda.save"
	if class != "" {
		if strings.ContainsRune(class, filepath.Separator) || fsm.CheckName("class", class, fsm.MaxClassLen) != nil {
			return nil, fmt.Errorf("class %q cannot be part of a file's name; --jsonl writes all classes into one file", class)
		}
		name = "mysqlda." + class + ".save"
	}
	if len(w.files) >= maxClasses {
		return nil, fmt.Errorf("there are more than %d classes; --jsonl writes all of them into one file", maxClasses-1)
	}
	file, err := wholefile.Create(filepath.Join(w.dir, name), w.force)
	if err != nil {
		return nil, err
	}
	d := &draft{file: file, out: bufio.NewWriterSize(file, readBuffer)}
	w.files[class] = d
	return d, nil
}

// Commit makes the files durable and gives them their names, mysqlda.save last. It
// returns the names.
func (w *Writer) Commit() (paths []string, err error) {
	if _, err := w.draft(""); err != nil { // so that there is one, even without placements
		return nil, err
	}
	classes := slices.Sorted(maps.Keys(w.files))
	for _, class := range append(classes[1:], "") {
		d := w.files[class]
		if err := errors.Join(d.out.Flush(), d.file.Commit()); err != nil {
			return paths, err
		}
		paths = append(paths, d.file.Path())
	}
	return paths, nil
}

// Discard takes away what was not committed.
func (w *Writer) Discard() error {
	var errs []error
	for _, d := range w.files {
		errs = append(errs, d.file.Discard())
	}
	return errors.Join(errs...)
}

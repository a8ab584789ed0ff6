package savefile

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
)

// maxClasses bounds the files that are open at a time.
const maxClasses = 512

// Writer writes save files into a directory: mysqlda.save for placements and
// mysqlda.CLASS.save for each class. They have other names until Commit. It is
// for one goroutine.
type Writer struct {
	dir   string
	stamp string
	files map[string]*draft // by class
}

// draft is a file that is not complete yet.
type draft struct {
	name string // of the complete file
	file *os.File
	out  *bufio.Writer
}

// NewWriter makes a writer. The save files' time stamps are all at: when a record
// was made is not known.
func NewWriter(dir string, at time.Time) *Writer {
	return &Writer{dir: dir, stamp: at.Format(time.DateTime), files: map[string]*draft{}}
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
	file, err := os.CreateTemp(w.dir, ".mysqlda-export-*")
	if err != nil {
		return nil, err
	}
	d := &draft{name: name, file: file, out: bufio.NewWriterSize(file, readBuffer)}
	w.files[class] = d
	return d, nil
}

// Commit makes the files durable and gives them their names, replacing files
// that have them. It returns the names. After an error some files may have their
// names; Discard removes the others.
func (w *Writer) Commit() (paths []string, err error) {
	if _, err := w.draft(""); err != nil { // so that there is one, even without placements
		return nil, err
	}
	for _, d := range w.files {
		if err := errors.Join(d.out.Flush(), d.file.Chmod(0o600), d.file.Sync()); err != nil {
			return nil, err
		}
	}
	for class, d := range w.files {
		path := filepath.Join(w.dir, d.name)
		if err := errors.Join(d.file.Close(), os.Rename(d.file.Name(), path)); err != nil {
			return nil, err
		}
		delete(w.files, class)
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, SyncDir(w.dir)
}

// Discard removes what was not committed.
func (w *Writer) Discard() error {
	var errs []error
	for class, d := range w.files {
		if err := d.file.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
		errs = append(errs, os.Remove(d.file.Name()))
		delete(w.files, class)
	}
	return errors.Join(errs...)
}

// SyncDir makes the names of the files in a directory durable.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

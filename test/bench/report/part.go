package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrMarkers says that a document's markers of a part are not one beginning and
// one end behind it.
var ErrMarkers = errors.New("the part is not marked as it should be")

// markers are the lines around a part. Markdown does not show them.
func markers(name string) (begin, end string) {
	return fmt.Sprintf("<!-- begin of what `%s` writes -->\n", name), fmt.Sprintf("<!-- end of what `%s` writes -->\n", name)
}

// WritePart replaces the part of that name of the document in file, and nothing
// else, by text. A part that the document does not have yet comes to its end; a
// document that is not there yet is made of that part. The name says who writes
// the part, "make bench"; it must not hold "`" or "-->". The file is replaced as a
// whole, so that whoever reads it sees the old text or the new one. A document
// with broken markers (ErrMarkers) stays as it is.
func WritePart(file, name, text string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the document: %w", err)
	}
	changed, err := replacePart(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := replaceFile(file, changed); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

func replacePart(document, name, text string) (string, error) {
	begin, end := markers(name)
	part := begin + "\n" + strings.TrimSpace(text) + "\n\n" + end
	switch begins, ends := strings.Count(document, begin), strings.Count(document, end); {
	case begins == 0 && ends == 0:
		if document = strings.TrimRight(document, "\n"); document != "" {
			document += "\n\n"
		}
		return document + part, nil
	case begins != 1 || ends != 1:
		return "", fmt.Errorf("%w: what `%s` writes begins %d times and ends %d times", ErrMarkers, name, begins, ends)
	}
	before, rest, _ := strings.Cut(document, begin)
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("%w: what `%s` writes ends before it begins", ErrMarkers, name)
	}
	return before + part + after, nil
}

// replaceFile writes beside the file and renames. The file keeps its permissions.
func replaceFile(file, text string) (err error) {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	draft, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(draft.Name()))
		}
	}()
	_, err = draft.WriteString(text)
	if err = errors.Join(err, draft.Chmod(mode), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), file)
}

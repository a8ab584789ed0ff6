package savefile

import (
	"errors"
	"io"
	"maps"
	"slices"
)

// maxUnknown bounds the unknown libraries that are told apart.
const maxUnknown = 1000

// Survey is what a first look at a whole file finds.
type Survey struct {
	Lines   uint64
	Bytes   uint64
	Doubt   Doubt
	unknown map[string]bool
}

// Look reads all of r.
func Look(r io.Reader, libraries Libraries, class bool) (Survey, error) {
	reader := NewReader(r, libraries, class, nil)
	var doubt doubtFinder
	s := Survey{unknown: map[string]bool{}}
	for {
		_, problems, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = doubt.line(reader.Line(), reader.found.balance)
		}
		if err != nil {
			return Survey{}, err
		}
		for _, p := range problems {
			if p.Kind == Unknown && len(s.unknown) < maxUnknown {
				s.unknown[p.Library] = true
			}
		}
	}
	s.Lines, s.Bytes, s.Doubt = reader.Line(), reader.Bytes(), doubt.spans
	return s, nil
}

// Unknown are the libraries that the file names and the cluster does not have,
// ascending.
func (s Survey) Unknown() []string { return slices.Sorted(maps.Keys(s.unknown)) }

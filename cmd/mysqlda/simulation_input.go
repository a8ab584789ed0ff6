package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/forecast"
	"github.com/mysqlda/mysqlda/fsm"
)

// maxSteps bounds what `ring simulate` shows.
const maxSteps = 1000

// simulationInput is what the command line of `ring simulate` says.
type simulationInput struct {
	libraries, added []string
	objects          string
	maxShare         string
	steps            int
}

func (in *simulationInput) parseLibraries() ([]forecast.Library, error) {
	var libraries []forecast.Library
	for _, text := range in.libraries {
		at := strings.LastIndexByte(text, '=')
		if at < 0 {
			return nil, fmt.Errorf("--libraries: %q is not NAME=OBJECTS or NAME=OBJECTS:WEIGHT", text)
		}
		objects, weight, err := cutWeight(text[at+1:])
		if err != nil {
			return nil, fmt.Errorf("--libraries: %q: %w", text, err)
		}
		l := forecast.Library{Name: text[:at], Weight: weight}
		if l.Objects, err = parseCount(objects); err != nil {
			return nil, fmt.Errorf("--libraries: %q: the number of core objects %w", text, err)
		}
		libraries = append(libraries, l)
	}
	for _, text := range in.added {
		name, weight, err := cutWeight(text)
		if err != nil {
			return nil, fmt.Errorf("--add: %q: %w", text, err)
		}
		libraries = append(libraries, forecast.Library{Name: name, Weight: weight, Added: true})
	}
	return libraries, checkLibraries(libraries)
}

func checkLibraries(libraries []forecast.Library) error {
	if len(libraries) > fsm.MaxLibraries {
		return fmt.Errorf("there are %d libraries, at most %d are allowed", len(libraries), fsm.MaxLibraries)
	}
	known := make(map[string]bool)
	takes := false
	for _, l := range libraries {
		if err := fsm.CheckName("the library", l.Name, fsm.MaxNameLen); err != nil {
			return err
		}
		if known[l.Name] {
			return fmt.Errorf("library %s is named twice", l.Name)
		}
		known[l.Name] = true
		takes = takes || l.Weight > 0
	}
	if !takes {
		return errors.New("no library has a weight above 0, so none takes new core objects")
	}
	return nil
}

func (in *simulationInput) parseObjects(libraries []forecast.Library) (uint64, error) {
	objects, err := parseCount(in.objects)
	if err != nil {
		return 0, fmt.Errorf("--objects %w", err)
	}
	all := objects // no sum overflows: at most MaxLibraries + 1 numbers up to MaxObjects
	for _, l := range libraries {
		all += l.Objects
	}
	switch {
	case objects == 0:
		return 0, errors.New("--objects must be at least 1")
	case all > forecast.MaxObjects:
		return 0, fmt.Errorf("%d core objects in all are too many, at most %d are allowed", all, uint64(forecast.MaxObjects))
	case in.steps < 1 || in.steps > maxSteps:
		return 0, fmt.Errorf("--steps must be from 1 to %d, not %d", maxSteps, in.steps)
	}
	return objects, nil
}

// cutWeight separates what may end in :WEIGHT.
func cutWeight(text string) (rest string, share uint32, err error) {
	w := weight(fsm.DefaultWeight)
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return text, uint32(w), nil
	}
	if err := w.Set(text[at+1:]); err != nil {
		return "", 0, fmt.Errorf("the weight %w", err)
	}
	return text[:at], uint32(w), nil
}

// parseCount reads a whole number that may end in k, M or G.
func parseCount(text string) (uint64, error) {
	digits, unit := text, uint64(1)
	for suffix, size := range map[string]uint64{"k": 1e3, "M": 1e6, "G": 1e9} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			digits, unit = rest, size
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("must be a whole number, with k, M or G behind it if need be, not %q", text)
	}
	if n > forecast.MaxObjects/unit {
		return 0, fmt.Errorf("must be at most %d, not %s", uint64(forecast.MaxObjects), text)
	}
	return n * unit, nil
}

package model

import (
	"time"

	"github.com/anishathalye/porcupine"
)

// Bounds of shrinking, for one object and for one question.
const (
	shrinking = 5 * time.Second
	asking    = time.Second
)

// Shrink returns operations of a history that no order explains, as few as it finds,
// so that still none explains them. It never takes away a write
// that may explain an answer: it only forgets answers. So what is left is wrong for a
// reason for which the whole is wrong too.
//
// It takes patience at most, and some seconds at most.
func Shrink(ops []porcupine.Operation, patience time.Duration) []porcupine.Operation {
	deadline := time.Now().Add(min(shrinking, patience))
	forgotten := make([]bool, len(ops))
	illegal := func() bool {
		return search(without(ops, forgotten), min(asking, time.Until(deadline))) == porcupine.Illegal
	}
	// The later half first: what comes after the first contradiction adds nothing.
	for size := len(ops); size > 0; size /= 2 {
		for from := (len(ops) - 1) / size * size; from >= 0; from -= size {
			to := min(from+size, len(ops))
			before := append([]bool(nil), forgotten[from:to]...)
			for i := from; i < to; i++ {
				forgotten[i] = true
			}
			if !illegal() {
				copy(forgotten[from:to], before)
			}
		}
	}
	var left []porcupine.Operation
	for i, o := range ops {
		if !forgotten[i] {
			left = append(left, o)
		}
	}
	return left
}

// without takes away the answers that are forgotten. A write stays, as one of which
// nobody knows what became of it.
func without(ops []porcupine.Operation, forgotten []bool) []porcupine.Operation {
	var left []porcupine.Operation
	for i, o := range ops {
		if !forgotten[i] {
			left = append(left, o)
			continue
		}
		if s := o.Input.(step); s.verb == write {
			s.seen, s.shown = "", false
			o.Input, o.Return = s, never
			left = append(left, o)
		}
	}
	return left
}

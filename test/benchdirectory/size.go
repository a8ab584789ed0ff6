package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	million = 1_000_000
	// minSize is enough for what is divided by the number of core objects to be theirs.
	minSize = million / 100
	maxSize = 100 * million
	// namedSize is the size that the numbers to reach speak of.
	namedSize = 10 * million
)

// parseSizes reads numbers of millions, separated by commas, each larger than the
// one before.
func parseSizes(list string) ([]int, error) {
	var sizes []int
	for text := range strings.SplitSeq(list, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		size := int(math.Round(v * million))
		if err != nil || size < minSize || size > maxSize {
			return nil, fmt.Errorf("-sizes: %q is no number from %s to %s", text, millions(minSize), millions(maxSize))
		}
		if len(sizes) > 0 && size <= sizes[len(sizes)-1] {
			return nil, fmt.Errorf("-sizes: %s does not grow", list)
		}
		sizes = append(sizes, size)
	}
	return sizes, nil
}

func millions(size int) string {
	return strconv.FormatFloat(float64(size)/million, 'g', -1, 64) + " million"
}

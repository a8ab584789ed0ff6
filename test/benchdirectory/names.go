package main

import (
	"math/rand/v2"
	"strconv"
)

// Core objects are numbered from 0. Their names are telephone numbers of 11 digits
// in no order; a correlated object has 16 digits, as a card number has, and its
// class 7 letters.
const (
	class = "card_no"

	firstCore = 13_000_000_000
	cores     = 10_000_000_000 // that have a name
	// spread has no divisor in common with cores, so that no name comes twice; the
	// largest product with a number that is used stays below 1 << 64.
	spread = 1_618_033_989

	firstObject = 6_200_000_000_000_000
)

// unknownCores is the number of the first core object that nobody places.
const unknownCores = cores / 2

func appendCore(b []byte, i int) []byte {
	return strconv.AppendUint(b, firstCore+uint64(i)*spread%cores, 10)
}

func coreName(i int) string { return string(appendCore(nil, i)) }

func objectName(i int) string {
	return string(strconv.AppendUint(nil, firstObject+uint64(i)*spread%cores, 10))
}

// sampleSize is how many names are looked up: too many for the processor's caches
// to know what they lead to.
const sampleSize = 1 << 20

// randomNames are names of numbers from first on, below first + n, in random order
// and the same in each run.
func randomNames(name func(int) string, first, n int) []string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	names := make([]string, sampleSize)
	for i := range names {
		names[i] = name(first + random.IntN(n))
	}
	return names
}

package fsm

import (
	"encoding/binary"
	"math/bits"
)

// hashKey keys a fast 64-bit hash of names. Who does not know the key cannot
// make names whose hashes collide.
//
// The hash multiplies words to 128 bits and folds the halves, in the manner of
// wyhash (Wang Yi, public domain, github.com/wangyi-fudan/wyhash), but with all
// constants taken from the key, so that no word that a client can write makes a
// factor zero. The key's words come from splitmix64 (Guy Steele, Doug Lea,
// Christine Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
type hashKey struct {
	a, b, c uint64
}

// splitmixStep is 2^64 divided by the golden ratio, made odd.
const splitmixStep = 0x9e3779b97f4a7c15

func expandKey(seed uint64) hashKey {
	next := func() uint64 {
		seed += splitmixStep
		return scramble(seed)
	}
	return hashKey{a: next(), b: next(), c: next()}
}

// scramble is the finaliser of splitmix64: a bijection in which every bit of x
// reaches every bit of the result.
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// absorb hashes s together with its length and with h, the hash of what stands
// before it, or a number that says what s is.
func (k *hashKey) absorb(h uint64, s string) uint64 {
	length := uint64(len(s))
	for ; len(s) > 16; s = s[16:] {
		h = fold(word(s)^k.a, word(s[8:])^k.b^h)
	}
	// The last 0 to 16 bytes, of which the two words may share some.
	var first, last uint64
	switch n := len(s); {
	case n >= 8:
		first, last = word(s), word(s[n-8:])
	case n >= 4:
		first, last = halfWord(s), halfWord(s[n-4:])
	case n > 0:
		first = uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16
	}
	hi, lo := bits.Mul64(first^k.a, last^k.b^h)
	return fold(lo^k.c, hi^k.a^length)
}

// fold multiplies to 128 bits and adds the halves without carry.
func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}

// word reads the first 8 bytes of s, little endian.
func word(s string) uint64 { return binary.LittleEndian.Uint64(bytesOf(s)) }

// halfWord reads the first 4 bytes of s, little endian.
func halfWord(s string) uint64 { return uint64(binary.LittleEndian.Uint32(bytesOf(s))) }

package fsm

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
)

// Names as clients have them: many with a common beginning, of all lengths.
func hashedNames() []string {
	var names []string
	for length := 1; length <= MaxCoreLen; length++ {
		for i := range 16 {
			names = append(names, strings.Repeat("0", length-1)+string(rune('a'+i)))
			names = append(names, string(rune('b'+i))+strings.Repeat("0", length-1))
		}
	}
	for i := range 20_000 {
		names = append(names, fmt.Sprint(13_000_000_000+i))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestNamesHaveDifferentHashes(t *testing.T) {
	for seed := range uint64(4) {
		k := expandKey(seed)
		seen := map[uint64]string{k.absorb(0, ""): ""}
		for _, name := range hashedNames() {
			h := k.absorb(0, name)
			if other, ok := seen[h]; ok {
				t.Fatalf("seed %d: %q and %q have the same hash", seed, name, other)
			}
			seen[h] = name
		}
	}
}

// Each bit of a name, of the seed and of what stands before changes each bit of
// the hash in about half of all cases.
func TestHashesAvalanche(t *testing.T) {
	const seeds = 2000
	for _, length := range []int{1, 2, 3, 4, 7, 8, 11, 16, 17, 31, 32, 33, 64} {
		name := []byte(strings.Repeat("1380013800", 7)[:length])
		for bit := range 8 * length {
			var flips [64]int
			for seed := range uint64(seeds) {
				k := expandKey(seed)
				before := k.absorb(0, string(name))
				name[bit/8] ^= 1 << (bit % 8)
				countFlips(&flips, before^k.absorb(0, string(name)))
				name[bit/8] ^= 1 << (bit % 8)
			}
			checkFlips(t, fmt.Sprintf("bit %d of %d bytes", bit, length), flips, seeds)
		}
	}
	for bit := range 64 {
		var ofSeed, ofBefore [64]int
		for seed := range uint64(seeds) {
			k, other := expandKey(seed), expandKey(seed^1<<bit)
			countFlips(&ofSeed, k.absorb(0, "13800138000")^other.absorb(0, "13800138000"))
			countFlips(&ofBefore, k.absorb(seed, "13800138000")^k.absorb(seed^1<<bit, "13800138000"))
		}
		checkFlips(t, fmt.Sprintf("bit %d of the seed", bit), ofSeed, seeds)
		checkFlips(t, fmt.Sprintf("bit %d of what stands before", bit), ofBefore, seeds)
	}
}

func countFlips(flips *[64]int, changed uint64) {
	for ; changed != 0; changed &= changed - 1 {
		flips[bits.TrailingZeros64(changed)]++
	}
}

// checkFlips allows 8 standard deviations, of which 2000 coins have 22.
func checkFlips(t *testing.T, what string, flips [64]int, of int) {
	t.Helper()
	for bit, n := range flips {
		if n < of/2-180 || n > of/2+180 {
			t.Errorf("%s: bit %d of the hash changes in %d of %d cases", what, bit, n, of)
		}
	}
}

func TestHashesSpreadOverShardsAndSlots(t *testing.T) {
	const objects, each = 200 * shardCount, 200
	l := newMappingLog(7)
	var perShard, perSlot [shardCount]int
	for i := range objects {
		h := l.hashCore(fmt.Sprint(13_000_000_000 + i))
		perShard[shardOf(h)]++
		perSlot[firstSlot(tagOf(h), shardCount)]++
	}
	for what, n := range map[string][shardCount]int{"shards": perShard, "slots": perSlot} {
		if least, most := slices.Min(n[:]), slices.Max(n[:]); least < each-90 || most > each+90 {
			t.Errorf("%s have %d to %d objects, %d on average", what, least, most, each)
		}
	}
}

// Names that somebody has found to share a shard under one key do so no more
// under another.
func TestCollisionsAreOfOneKeyOnly(t *testing.T) {
	known, other := newMappingLog(1), newMappingLog(2)
	var crafted []string
	for i := 0; len(crafted) < 2000; i++ {
		name := fmt.Sprint("crafted-", i)
		if shardOf(known.hashCore(name)) == 0 {
			crafted = append(crafted, name)
		}
	}
	var perShard [shardCount]int
	for _, name := range crafted {
		perShard[shardOf(other.hashCore(name))]++
	}
	if most := slices.Max(perShard[:]); most > 15 {
		t.Errorf("%d of %d names share a shard", most, len(crafted))
	}
}

func TestTheBorderBetweenNamesCounts(t *testing.T) {
	l := newMappingLog(1)
	for i := range 64 {
		names := strings.Repeat("a", 65)
		for j := range i {
			if l.hashCorrelated(names[:i+1], names[i+1:]) == l.hashCorrelated(names[:j+1], names[j+1:]) {
				t.Errorf("borders after %d and %d bytes give the same hash", i+1, j+1)
			}
		}
	}
}

package fsm

// The hash of names is 64-bit FNV-1a (Fowler, Noll, Vo; offset basis and prime
// as published by the authors) followed by the finaliser of MurmurHash3's
// 64-bit variant (Austin Appleby, fmix64), which spreads FNV's weak high bits.
// The seed is fixed, so that every node lays out its mapping log alike.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

func hashCore(core string) uint64 { return finish(fnv(fnvOffset, core)) }

// hashCorrelated puts a zero byte, which no name contains, between the two
// names, so that ("ab", "c") and ("a", "bc") differ.
func hashCorrelated(class, object string) uint64 {
	h := fnv(fnvOffset, class) * fnvPrime
	return finish(fnv(h, object))
}

func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

func finish(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

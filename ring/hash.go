package ring

// hashName is 64-bit FNV-1a (Fowler, Noll, Vo; offset basis and prime as
// published by the authors). mix spreads its weak high bits.
func hashName(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mix is the finaliser of SplitMix64 (Sebastiano Vigna, after David Stafford's
// variant 13 of MurmurHash3's), with its increment, so that 0 is not a fixed
// point.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

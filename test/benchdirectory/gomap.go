package main

import "runtime"

// mapped is a map of Go that holds the same placements, to compare with.
type mapped struct {
	Memory  perRecord
	Hit     lookup
	Garbage collection
}

// fillMap keeps only which library a core object lives in: the least that a map
// can do.
func fillMap(size int) (m mapped, err error) {
	empty, err := memoryNow()
	if err != nil {
		return m, err
	}
	placements := map[string]uint32{}
	for i := range size {
		placements[coreName(i)] = uint32(1 + i%libraries)
	}
	full, err := memoryNow()
	if err != nil {
		return m, err
	}
	m.Memory = full.perRecord(empty, size)
	m.Garbage = collect()
	m.Hit, err = lookUpAll(randomNames(coreName, 0, size), true, func(core string) bool { return placements[core] != 0 })
	runtime.KeepAlive(placements)
	return m, err
}

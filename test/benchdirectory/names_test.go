package main

import "testing"

func TestNamesAreOfTheWantedLengthAndComeOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, first := range []int{0, maxSize, unknownCores, unknownCores + maxSize - 1000} {
		for i := first; i < first+1000; i++ {
			core, object := coreName(i), objectName(i)
			if len(core) != 11 || len(object) != 16 || len(class) != 7 {
				t.Fatalf("%d: core object %s, class %s, object %s", i, core, class, object)
			}
			if seen[core] || seen[object] {
				t.Fatalf("%d: %s or %s came before", i, core, object)
			}
			seen[core], seen[object] = true, true
		}
	}
}

func TestProductsOfNamesDoNotOverflow(t *testing.T) {
	t.Parallel()
	const largest = uint64(unknownCores + maxSize)
	if product := largest * spread; product/spread != largest {
		t.Errorf("%d times %d is %d", largest, uint64(spread), product)
	}
}

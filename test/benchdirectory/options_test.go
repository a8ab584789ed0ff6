package main

import (
	"slices"
	"testing"
)

func TestOptionsThatCannotBeMeasuredAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-sizes", "0"},
		{"-sizes", "1,1"},
		{"-sizes", "10,1"},
		{"-sizes", "1000"},
		{"-sizes", "many"},
		{"-sizes", "NaN"},
		{"-parts", "nonsense"},
		{"stray"},
	} {
		if o, err := parse(args); err == nil {
			t.Errorf("%q gave %+v", args, o)
		}
	}
	o, err := parse([]string{"-sizes", "0.1, 10", "-parts", "cluster"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.sizes, []int{million / 10, namedSize}) || !slices.Equal(o.parts, []string{partCluster}) {
		t.Errorf("%+v", o)
	}
}

package main

import "testing"

func TestMedianIsOfEachFigureByItself(t *testing.T) {
	got := medians([]sample{
		{rate: 3, p50: 10, p99: 7, user: 1, system: 9},
		{rate: 1, p50: 30, p99: 9, user: 3, system: 8},
		{rate: 2, p50: 20, p99: 8, user: 2, system: 7},
	})
	if want := (sample{rate: 2, p50: 20, p99: 8, user: 2, system: 8}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOptionsThatCannotBeMeasuredAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-scenes", "point_select,nonsense"},
		{"-connections", "1,0"},
		{"-connections", "1000000"},
		{"-time", "1500ms"},
		{"-rounds", "0"},
		{"-sessions", "0"},
		{"stray"},
	} {
		if o, err := parse(args); err == nil {
			t.Errorf("%q gave %+v", args, o)
		}
	}
	o, err := parse([]string{"-quick", "-scenes", "rows, idle"})
	if err != nil {
		t.Fatal(err)
	}
	if !o.wants(rows) || !o.wants(idleMemory) || o.wants(pointSelect) || o.rounds != 1 {
		t.Errorf("%+v", o)
	}
}

package chart

import (
	"math"
	"strconv"
)

// ticks returns round numbers from 0 to at least most, about count of them.
func ticks(most float64, count int) []float64 {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/float64(count))))
	for _, factor := range []float64{2, 2.5, 2} { // 2, 5 and 10 in all
		if step*float64(count) >= most {
			break
		}
		step *= factor
	}
	var at []float64
	for i := 0; ; i++ {
		at = append(at, float64(i)*step)
		if at[i] >= most*(1-1e-9) {
			return at
		}
	}
}

// short writes a number with few characters: 2.5M for 2,500,000.
func short(n float64) string {
	unit := ""
	for _, u := range []string{"k", "M", "G", "T", "P"} {
		if n < 1000 {
			break
		}
		n, unit = n/1000, u
	}
	return strconv.FormatFloat(n, 'g', 4, 64) + unit
}

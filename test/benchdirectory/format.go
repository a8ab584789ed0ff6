package main

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// short gives a duration three digits or so.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return digits(d.Seconds()) + " s"
}

// digits gives three digits to a number below 1000, and all to a larger one.
func digits(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func mebibytes(n int64) string { return digits(float64(n)/(1<<20)) + " MiB" }

func bytesEach(v float64) string { return digits(v) + " bytes" }

func nanoseconds(v float64) string { return fmt.Sprintf("%.0f ns", v) }

func count(v float64) string { return fmt.Sprintf("%.0f", v) }

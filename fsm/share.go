package fsm

import (
	"fmt"
	"strconv"
	"strings"
)

// Bounds of Settings.MaxShareMille, in thousandths.
const (
	minMaxShareMille = 1
	maxMaxShareMille = 1000
)

// ParseShare reads a share as config files and commands write it, a number from
// 0.001 to 1 with at most three decimals, and gives it in thousandths.
func ParseShare(text string) (mille uint32, ok bool) {
	whole, decimals, _ := strings.Cut(text, ".")
	if len(whole) != 1 || len(decimals) > 3 || strings.HasSuffix(text, ".") {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+decimals+"000"[len(decimals):], 10, 32)
	if err != nil || n < minMaxShareMille || n > maxMaxShareMille {
		return 0, false
	}
	return uint32(n), true
}

// FormatShare writes thousandths as ParseShare reads them.
func FormatShare(mille uint32) string {
	text := fmt.Sprintf("%d.%03d", mille/1000, mille%1000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

package fsm

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// Balance is what automatic balancing of the libraries goes by.
type Balance uint8

const (
	// BalancePlacements goes by how many core objects live in each library.
	BalancePlacements Balance = iota
	// BalanceData goes by how many bytes of data lie in each library.
	BalanceData
)

// balances are the words for them, in config files, commands and status.
var balances = [...]string{BalancePlacements: "placements", BalanceData: "data"}

// Balances returns the words for all of them.
func Balances() []string { return slices.Clone(balances[:]) }

// ParseBalance reads one of the words of Balances.
func ParseBalance(word string) (b Balance, ok bool) {
	i := slices.Index(balances[:], word)
	return Balance(max(i, 0)), i >= 0
}

// String returns the word.
func (b Balance) String() string {
	if int(b) >= len(balances) {
		return fmt.Sprintf("Balance(%d)", uint8(b))
	}
	return balances[b]
}

// balanceFromProto gives a value that is none of them for one that is not known.
func balanceFromProto(b fsmpb.Balance) Balance {
	if b < 0 || int(b) >= len(balances) {
		return Balance(len(balances))
	}
	return Balance(b)
}

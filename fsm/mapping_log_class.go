package fsm

import (
	"strings"
	"sync/atomic"
)

// maxClasses is how many classes have a number that one byte of a record can
// name besides the length of a class that has none.
const maxClasses = 255 - MaxClassLen

// classes gives numbers to the first maxClasses classes, so that a binding's
// record need not repeat the name of its class.
//
// One goroutine at a time adds; any may read.
type classes struct {
	list   atomic.Pointer[[]string] // nil while empty; shown lists never change
	number map[string]int           // the adder's own
}

// add returns the number of the class and gives it one before if some are left.
// The class is copied.
func (c *classes) add(class string) (number int, ok bool) {
	if n, ok := c.number[class]; ok {
		return n, true
	}
	list := c.names()
	if len(list) == maxClasses {
		return 0, false
	}
	if c.number == nil {
		c.number = make(map[string]int)
	}
	class = strings.Clone(class)
	c.number[class] = len(list)
	longer := append([]string(list), class)
	c.list.Store(&longer)
	return len(list), true
}

func (c *classes) names() classNames {
	if p := c.list.Load(); p != nil {
		return *p
	}
	return nil
}

// classNames are classes by their numbers.
type classNames []string

package check

import (
	"testing"

	"github.com/mysqlda/mysqlda/test/jepsen/history"
)

// read is a read after everything that good has.
func read(rows ...int64) history.Operation {
	return history.Operation{Kind: history.Read, Core: "c", Rows: rows, Outcome: history.Done, Call: 30, Return: 31}
}

func TestTransactionsAreThereWholeOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		name string
		rows []Row
		read []int64
		good bool
	}{
		{"nothing of it", nil, []int64{1}, true},
		{"all of it", []Row{{"c", 7}, {"c", 8}}, []int64{1, 7, 8}, true},
		{"half of it in the end", []Row{{"c", 7}}, nil, false},
		{"half of it in a read", []Row{{"c", 7}, {"c", 8}}, []int64{8}, false},
	} {
		e := good()
		for row := int64(7); row <= 8; row++ {
			e.Operations = append(e.Operations, history.Operation{Kind: history.Insert, Core: "c", Row: row, Group: 5, Call: 7, Return: 8})
		}
		e.Operations = append(e.Operations, read(c.read...))
		e.Rows["a"] = append(e.Rows["a"], c.rows...)
		if found := transactionsWhole(e); (found == nil) != c.good {
			t.Errorf("%s: found %+v", c.name, found)
		}
	}
}

package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

// BenchmarkNewChooser is what the leader spends once a batch.
func BenchmarkNewChooser(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			machine := fsm.New()
			apply := func(index uint64, command []byte, err error) {
				if err != nil {
					b.Fatal(err)
				}
				if _, err := machine.Apply(index, command); err != nil {
					b.Fatal(err)
				}
			}
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("library_%d", i)
			}
			first := seed(names...)
			first.Settings.ClusterID = strings.Repeat("0123456789abcdef", 2)
			command, err := first.Encode()
			apply(1, command, err)
			var batch fsm.Batch
			for i := range 4 * n {
				batch.Items = append(batch.Items, fsm.Item{Kind: fsm.KindAssign, Core: strconv.Itoa(i), Library: fsm.LibraryID(i%n + 1)})
			}
			command, err = batch.Encode()
			apply(2, command, err)
			m := &member{machine: machine}
			b.ReportAllocs()
			for b.Loop() {
				m.newChooser()
			}
		})
	}
}

package hosts

import (
	"errors"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/need"
)

// ForTest makes hosts that are removed with the test. A machine or an account that
// cannot make any skips the test, see need.Missing.
func ForTest(tb testing.TB, names ...string) *Network {
	tb.Helper()
	n, err := New(tb.Context(), names...)
	if errors.Is(err, ErrUnavailable) {
		need.Missing(tb, err.Error())
	}
	if err != nil {
		tb.Fatalf("make hosts: %v", err)
	}
	tb.Cleanup(func() {
		if err := n.Close(); err != nil {
			tb.Errorf("remove hosts: %v", err)
		}
	})
	return n
}

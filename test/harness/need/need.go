// Package need decides what becomes of a test whose programs are not installed.
package need

import (
	"os"
	"testing"
)

// Missing skips the test and says what it lacks. Where CI is set in the
// environment it fails the test instead: there everything has to be installed,
// and a test that is skipped for ever shows nothing.
func Missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatalf("%s: run scripts/deps.sh", what)
	}
	tb.Skipf("%s: run scripts/deps.sh", what)
}

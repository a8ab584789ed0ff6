package main

import (
	"strings"
	"testing"
)

func TestAWrongCommandLineOfTheOriginalIsAUsageError(t *testing.T) {
	code, _, stderr := execute("-a", "stop", "-f", "c")
	if code != exitUsage || !strings.Contains(stderr, "see `mysqlda --help`") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

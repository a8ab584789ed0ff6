package proxy

import (
	"testing"
	"time"

	"go.uber.org/zap"
)

func TestLinesOfTheSlowLogAreBoundedAndWhatIsLeftOutIsTold(t *testing.T) {
	l := newSlowLog(zap.NewNop(), time.Second)
	now := time.Now()
	logged := 0
	for range 3 * slowLines {
		if leftOut, ok := l.admit(now); ok {
			logged++
			if leftOut != 0 {
				t.Errorf("%d left out before the bound was reached", leftOut)
			}
		}
	}
	if logged != slowLines {
		t.Errorf("%d lines in a second, want %d", logged, slowLines)
	}
	if leftOut, ok := l.admit(now.Add(time.Second)); !ok || leftOut != 2*slowLines {
		t.Errorf("a second later: %t, %d left out, want %d", ok, leftOut, 2*slowLines)
	}
	if leftOut, ok := l.admit(now.Add(time.Second)); !ok || leftOut != 0 {
		t.Errorf("then: %t, %d left out, want none", ok, leftOut)
	}
}

package importer

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
)

// asked answers attempts one after the other and notes who was asked.
type asked struct {
	answers []error
	who     []string
	notices int
}

func (a *asked) retrier(patience time.Duration) *Retrier {
	r := &Retrier{
		Ask: func(_ context.Context, address string, _ *fsm.Import) (admin.ImportResult, error) {
			a.who = append(a.who, address)
			return admin.ImportResult{Added: 1}, a.answers[min(len(a.who), len(a.answers))-1]
		},
		For:    patience,
		Notice: func(error) { a.notices++ },
	}
	r.Use([]string{"n1", "n2", "n3"})
	return r
}

var (
	errUnreached = errors.New("no node answers")
	errBusy      = &admin.RefusedError{StatusCode: http.StatusServiceUnavailable, Message: "no leader"}
	errWrong     = &admin.RefusedError{StatusCode: http.StatusConflict, Message: "another cluster"}
)

func TestAChunkIsSentAgainElsewhere(t *testing.T) {
	a := &asked{answers: []error{errUnreached, errBusy, errUnreached, nil}}
	if r, err := a.retrier(time.Minute).Send(t.Context(), nil); err != nil || r.Added != 1 {
		t.Fatal(r, err)
	}
	if got := strings.Join(a.who, " "); got != "n1 n2 n3 n1" || a.notices != 3 {
		t.Errorf("asked %s, %d notices", got, a.notices)
	}
}

func TestWhatARetryCannotHelpEndsAtOnce(t *testing.T) {
	for _, final := range []error{errWrong, context.Canceled} {
		a := &asked{answers: []error{final}}
		if _, err := a.retrier(time.Minute).Send(t.Context(), nil); !errors.Is(err, final) || len(a.who) != 1 {
			t.Errorf("%v after %d attempts", err, len(a.who))
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	a := &asked{answers: []error{errUnreached}}
	if _, err := a.retrier(0).Send(t.Context(), nil); !errors.Is(err, errUnreached) || len(a.who) != 1 {
		t.Errorf("without patience: %v after %d attempts", err, len(a.who))
	}
	a = &asked{answers: []error{errUnreached}}
	began := time.Now()
	if _, err := a.retrier(300*time.Millisecond).Send(t.Context(), nil); !errors.Is(err, errUnreached) || len(a.who) < 2 {
		t.Errorf("%v after %d attempts", err, len(a.who))
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	a = &asked{answers: []error{errUnreached}}
	r := a.retrier(time.Hour)
	r.Notice = func(error) { cancel() }
	if _, err := r.Send(ctx, nil); !errors.Is(err, errUnreached) || len(a.who) != 1 {
		t.Errorf("interrupted: %v after %d attempts", err, len(a.who))
	}
}

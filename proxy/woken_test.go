package proxy

import (
	"errors"
	"net"
	"testing"
	"time"
)

// wokenTwice is a connection whose session is woken up again in the moment when it is
// about to take the deadline back by which it was woken up before.
type wokenTwice struct {
	net.Conn
	again func()
}

func (c *wokenTwice) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		c.again()
	}
	return c.Conn.SetReadDeadline(t)
}

func TestASessionThatIsWokenUpAgainSeesWhatFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(s *session)
		want    error
	}{
		"handover": {func(s *session) { s.server.stage.Store(stageMoving) }, errStopping},
		"stop":     {func(s *session) { s.server.stage.Store(stageStopping) }, errStopping},
		"expelled": {func(s *session) { s.expelledAt.Store(1) }, errExpelled},
		"nothing":  {func(*session) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := silentSession(t)
			s.server.stage.Store(stageServing)
			inner := s.socket
			s.socket = &wokenTwice{inner, func() {
				c.happens(s)
				if err := inner.SetReadDeadline(time.Unix(1, 0)); err != nil { // as nudge does
					t.Error(err)
				}
			}}
			if err := s.woken(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

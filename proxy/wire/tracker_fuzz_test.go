package wire

import "testing"

// FuzzTracker feeds arbitrary bytes whole and in fragments: the tracker must not
// panic, must make progress, and must say the same both ways. Only of a packet that
// is broken it takes more when its beginning came by itself.
func FuzzTracker(f *testing.F) {
	for _, caps := range shapes() {
		for _, a := range answers(caps) {
			if !a.large {
				f.Add(a.command, uint64(caps), uint8(3), stream(a.packets...))
			}
		}
		f.Add(ComQuery, uint64(caps), uint8(1), stream([]byte{markLocalInfile, 'x'}, ok(0)))
		f.Add(ComQuery, uint64(caps), uint8(4), stream(concat(tracked(markOK, more, "info", "\x01\x02\x01d"), tracked(markOK, 0, "", "\x00\x04\x01a\x01b\x02\x011"))...))
	}
	f.Fuzz(func(t *testing.T, command byte, caps uint64, fragment uint8, b []byte) {
		whole := walk(t, command, Capability(caps), len(b), b)
		parts := walk(t, command, Capability(caps), int(fragment)+1, b)
		if whole.failed && parts.failed && parts.mid && parts.taken > whole.taken {
			return
		}
		if whole != parts {
			t.Fatalf("whole: %+v\nin fragments of %d bytes: %+v", whole, int(fragment)+1, parts)
		}
	})
}

// walked is what a tracker said of bytes.
type walked struct {
	taken        int
	done, failed bool
	says         string
	started, mid bool
	atResult     bool
}

func walk(t *testing.T, command byte, caps Capability, fragment int, b []byte) walked {
	var tr Tracker
	tr.Begin(command, caps)
	var w walked
	for w.taken < len(b) && !w.done && !w.failed {
		part := b[w.taken:min(len(b), w.taken+fragment)]
		n, ev, err := tr.Feed(part)
		if n > len(part) || n == 0 && ev == EventNeedMore && err == nil {
			t.Fatalf("took %d of %d bytes with event %d", n, len(part), ev)
		}
		w.taken += n
		w.done, w.failed = ev == EventDone, err != nil
		if ev == EventLocalInfile {
			tr.ResumeLocalInfile(4)
		}
	}
	if kept := cap(tr.session.raw); kept > maxTracked {
		t.Fatalf("%d bytes are kept", kept)
	}
	w.says = says(&tr)
	w.started, w.mid, w.atResult = tr.Started(), tr.MidPacket(), tr.AtResult()
	return w
}

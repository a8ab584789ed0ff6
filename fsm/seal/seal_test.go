package seal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestWhatIsSealedCanBeOpenedWithItsKeyOnly(t *testing.T) {
	older, newer := NewKey(), NewKey()
	for _, secret := range []string{"s", "s3cret", "密码", strings.Repeat("x", 255)} {
		sealed, err := NewRing(older).Seal(secret)
		if err != nil || !IsSealed(sealed) || strings.Contains(sealed, secret) && len(secret) > 1 || len(sealed) > MaxSealedLen || KeyOf(sealed) != older.ID() {
			t.Fatalf("%q: %q, %v", secret, sealed, err)
		}
		again, err := NewRing(older).Seal(secret)
		if err != nil || again == sealed {
			t.Errorf("%q is sealed to the same twice: %v", secret, err)
		}
		for _, ring := range []Ring{NewRing(older), NewRing(newer, older)} {
			if got, err := ring.Open(sealed); err != nil || got != secret {
				t.Errorf("%q: opened %q, %v", secret, got, err)
			}
		}
		for want, ring := range map[string]Ring{"has no key": {}, newer.ID(): NewRing(newer)} {
			got, err := ring.Open(sealed)
			if got != "" || !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), older.ID()) {
				t.Errorf("%q: opened %q, %v", secret, got, err)
			}
		}
		for i := range sealed {
			damaged := []byte(sealed)
			damaged[i] ^= 1
			if got, err := NewRing(older).Open(string(damaged)); IsSealed(string(damaged)) && !errors.Is(err, ErrLocked) {
				t.Fatalf("byte %d damaged: %q, %v", i, got, err)
			}
			if got, err := NewRing(older).Open(sealed[:i]); IsSealed(sealed[:i]) && !errors.Is(err, ErrLocked) {
				t.Fatalf("cut off at %d: %q, %v", i, got, err)
			}
		}
	}
}

func TestWithoutAKeySecretsStayAsTheyAre(t *testing.T) {
	var none Ring
	for _, secret := range []string{"", "s3cret"} {
		sealed, err := none.Seal(secret)
		if opened, oerr := none.Open(sealed); err != nil || oerr != nil || sealed != secret || opened != secret {
			t.Errorf("%q became %q and %q: %v, %v", secret, sealed, opened, err, oerr)
		}
	}
	if sealed, err := NewRing(NewKey()).Seal(""); sealed != "" || err != nil {
		t.Errorf("nothing became %q, %v", sealed, err)
	}
	if none.Current() != "" || len(none.IDs()) != 0 || KeyOf("s3cret") != "" {
		t.Error("there is a key")
	}
}

func TestNoPasswordLooksSealed(t *testing.T) {
	for _, ring := range []Ring{{}, NewRing(NewKey())} {
		if got, err := ring.Seal("sealed:v1:x"); err == nil {
			t.Errorf("sealed as %q", got)
		}
	}
}

func TestKeysAreReadAsTheyAreWritten(t *testing.T) {
	a, b := NewKey(), NewKey()
	for _, text := range []string{
		a.Text() + "\n" + b.Text(), "# keys\n\n  " + a.Text() + "  \r\n" + hex.EncodeToString(b[:]) + "\n",
		a.Text() + "," + b.Text(), strings.TrimRight(a.Text(), "=") + ", " + b.Text(),
	} {
		ring, err := ParseRing(text)
		if err != nil || ring.Current() != a.ID() || fmt.Sprint(ring.IDs()) != fmt.Sprint([]string{a.ID(), b.ID()}) {
			t.Errorf("%v, %v", ring.IDs(), err)
		}
	}
	for text, want := range map[string]string{
		"": "there is no key", "# nothing\n": "there is no key", a.Text() + "\nhunter2": "line 2: that is no key",
		a.Text()[:20]: "line 1: that is no key", a.Text() + "\n" + hex.EncodeToString(a[:]): "there twice",
	} {
		if _, err := ParseRing(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKeysDoNotShowThemselves(t *testing.T) {
	k := NewKey()
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(format, struct{ K []Key }{[]Key{k}}) + fmt.Sprintf(format, k)
		if strings.Contains(shown, k.Text()) || strings.Contains(shown, fmt.Sprint(k[:4])) || !strings.Contains(shown, k.ID()) {
			t.Errorf("%s: %s", format, shown)
		}
	}
}

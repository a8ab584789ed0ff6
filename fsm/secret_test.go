package fsm

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm/seal"
)

func sealedWith(t *testing.T, key seal.Key, password string) string {
	t.Helper()
	stored, err := seal.NewRing(key).Seal(password)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestThePasswordOfTheAccountIsChangedWhenTheUserStandsForItself(t *testing.T) {
	m := bootstrapped(t)
	change := ChangeSettings{Password: new("another")}
	if r := apply(t, m, change); !errors.Is(r.Err, ErrBadChange) || m.Settings().Password != "secret" {
		t.Errorf("%+v", r)
	}
	apply(t, m, PutUser{User: plainUser("calvin")})
	if r := apply(t, m, change); r.Err != nil || m.Settings().Password != "another" {
		t.Errorf("%+v", r)
	}
	checkRestorable(t, m)
	for c, want := range map[ChangeSettings]uint32{change: 5, {MaxShareMille: new(uint32(3))}: 4} {
		if p, err := decodeCommand(encode(t, c)); err != nil || p.Version != want {
			t.Errorf("version %d, want %d: %v", p.GetVersion(), want, err)
		}
	}
}

// Of all passwords of 255 bytes, sealed ones fit, and clear ones of 256 do not.
func TestSealedPasswordsMayBeLonger(t *testing.T) {
	stored := sealedWith(t, seal.NewKey(), strings.Repeat("x", MaxCredentialLen))
	b := testBootstrap()
	b.Settings.Password = stored
	if err := b.Check(); !errors.Is(err, ErrBadChange) {
		t.Errorf("nobody could log in as the user, but: %v", err)
	}
	b.Users = []User{plainUser("calvin")}
	failover := testFailover
	failover.Password, failover.ReplicationPassword = stored, stored
	m := New()
	for _, c := range []encoder{
		b,
		ChangeSettings{Failover: &failover, Password: &stored},
		ChangeLibraries{Changes: []LibraryChange{SetAccount{Library: "one", Account: Account{"u", stored}}}},
	} {
		if r := apply(t, m, c); r.Err != nil {
			t.Error(r.Err)
		}
	}
	checkRestorable(t, m)
	if got := Secrets(m.Settings(), m.Libraries()); len(got) != 4 || fmt.Sprint(got[3]) != "account u of library one" || strings.Contains(fmt.Sprintf("%+v %#v", got, got), "sealed") {
		t.Errorf("%+v", got)
	}
	long := strings.Repeat("x", MaxCredentialLen+1)
	for _, c := range []ChangeSettings{{Password: &long}, {Password: new(stored + long)}} {
		if err := c.Check(); !errors.Is(err, ErrBadChange) {
			t.Errorf("%d bytes: %v", len(*c.Password), err)
		}
	}
}

func TestSealingAnewIsNotedAsThat(t *testing.T) {
	m := bootstrapped(t)
	apply(t, m, PutUser{User: plainUser("calvin")})
	first := sealedWith(t, seal.NewKey(), "s3cret")
	apply(t, m, attributed{ChangeSettings{Password: &first}, testOrigin})
	apply(t, m, attributed{ChangeSettings{Password: new("clear")}, testOrigin})
	got := trail(m)
	if !strings.Contains(got, "settings: auth.pass is sealed anew\n") || !strings.Contains(got, "settings: auth.pass is another one\n") || strings.Contains(got, "clear") {
		t.Error(got)
	}
}

package fsm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestLibrariesHaveAccounts(t *testing.T) {
	m := bootstrapped(t)
	set := func(library, user, password string) ChangeLibraries {
		return ChangeLibraries{Changes: []LibraryChange{SetAccount{Library: library, Account: Account{user, password}}}}
	}
	for _, c := range []struct {
		command ChangeLibraries
		account Account // of library one afterwards
		former  []string
		err     string
	}{
		{set("one", "u1", "p"), Account{"u1", "p"}, nil, ""},
		{set("one", "u1", "q"), Account{"u1", "q"}, nil, ""},
		{set("one", "u2", ""), Account{"u2", ""}, []string{"u1"}, ""},
		{set("one", "", ""), Account{}, []string{"u1", "u2"}, ""},
		{set("one", "u1", "p"), Account{"u1", "p"}, []string{"u1", "u2"}, ""},
		{set("one", "u3", "p"), Account{"u3", "p"}, []string{"u2", "u1"}, ""},
		{set("nine", "u1", "p"), Account{"u3", "p"}, []string{"u2", "u1"}, "no library nine"},
		// A server's connections are those of all libraries that list it.
		{ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "three", Servers: servers("10.0.0.2:3306")}}}, Account{"u3", "p"}, []string{"u2", "u1"}, "account of its own"},
		{ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "two", Servers: servers("[fe80::1]:3306", "10.0.0.1:3306")}}}, Account{"u3", "p"}, []string{"u2", "u1"}, "cannot be one of library two"},
		{ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "one", Servers: servers("10.0.0.1:3306", "[fe80::1]:3306")}}}, Account{"u3", "p"}, []string{"u2", "u1"}, "cannot be one of library two"},
	} {
		r := apply(t, m, c.command)
		if (r.Err == nil) != (c.err == "") || r.Err != nil && (!errors.Is(r.Err, ErrBadChange) || !strings.Contains(r.Err.Error(), c.err)) {
			t.Errorf("%+v: %+v", c.command, r)
		}
		if l := m.Libraries().ByName("one"); l.Account != c.account || !slices.Equal(l.FormerUsers, c.former) {
			t.Errorf("%+v: account %s (%s), before %q", c.command, l.Account.User, l.Account.Password, l.FormerUsers)
		}
		checkRestorable(t, m)
	}
	for i := range 2 * maxFormerUsers {
		apply(t, m, set("one", fmt.Sprint("w", i), "p"))
	}
	if l := m.Libraries().ByName("one"); len(l.FormerUsers) != maxFormerUsers || l.FormerUsers[maxFormerUsers-1] != "w14" {
		t.Errorf("before: %q", l.FormerUsers)
	}
	checkRestorable(t, m)
}

func TestAServerOfTwoLibrariesKeepsTheClustersAccount(t *testing.T) {
	m := bootstrapped(t)
	apply(t, m, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "three", Servers: servers("10.0.0.2:3306")}}})
	change := ChangeLibraries{Changes: []LibraryChange{SetAccount{Library: "three", Account: Account{"u", "p"}}}}
	if r := apply(t, m, change); !errors.Is(r.Err, ErrBadChange) || m.Libraries().ByName("three").Account != (Account{}) {
		t.Errorf("%+v", r)
	}
}

func TestAccountsThatCannotBe(t *testing.T) {
	for _, a := range []Account{{"", "p"}, {strings.Repeat("u", 256), ""}, {"u", strings.Repeat("p", 256)}} {
		c := ChangeLibraries{Changes: []LibraryChange{SetAccount{Library: "one", Account: a}}}
		if err := c.Check(); !errors.Is(err, ErrBadChange) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestPasswordsOfLibrariesAreNotShown(t *testing.T) {
	a := Account{"user", "s3cret"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(format, Library{Account: a}); strings.Contains(shown, "s3cret") {
			t.Errorf("%s: %s", format, shown)
		}
	}
	m := bootstrapped(t)
	apply(t, m, attributed{ChangeLibraries{Changes: []LibraryChange{SetAccount{Library: "one", Account: a}}}, testOrigin})
	if got := trail(m); !strings.Contains(got, "library one: account of its own none -> 'user'") || strings.Contains(got, "s3cret") {
		t.Error(got)
	}
	if shown := withoutPasswords(m.Libraries()).ByName("one"); shown.Account != (Account{User: "user"}) || m.Libraries().ByName("one").Account != a {
		t.Errorf("%q, %q", shown.Account.Password, m.Libraries().ByName("one").Account.Password)
	}
}

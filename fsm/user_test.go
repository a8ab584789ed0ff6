package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// verifier makes one that differs from others.
func verifier(n byte) Verifier {
	return Verifier{Native: [20]byte{n, 1}, SHA2: [32]byte{n, 2}, Ed25519: [32]byte{n, 3}}
}

func someUser(name string) User {
	return User{
		Name: name, Passwords: []Verifier{verifier(1), verifier(2)},
		Networks:       []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")},
		DefaultLibrary: "two", MaxSessions: 7, Role: RoleAdmin, Locked: true,
	}
}

func plainUser(name string) User { return User{Name: name, Passwords: []Verifier{verifier(1)}} }

func shownUsers(m *Machine) string {
	var words []string
	for _, u := range m.Users().All() {
		words = append(words, fmt.Sprintf("%s@%d", u.Name, u.Version))
	}
	if m.Users().AccountIsUser() {
		words = append(words, "account")
	}
	return strings.Join(words, " ")
}

func TestUsersArePutAndRemoved(t *testing.T) {
	m := bootstrapped(t)
	for _, c := range []struct {
		command encoder
		want    string // users afterwards
		err     string
	}{
		{PutUser{User: someUser("bob")}, "bob@2 account", ""},
		{PutUser{User: plainUser("alice")}, "alice@3 bob@2 account", ""},
		{PutUser{User: plainUser("bob")}, "alice@3 bob@2 account", "there is a user bob already"},
		{PutUser{User: plainUser("bob"), ExpectVersion: 1}, "alice@3 bob@2 account", "someone else"},
		{PutUser{User: plainUser("bob"), ExpectVersion: 2}, "alice@3 bob@6 account", ""},
		{PutUser{User: plainUser("carl"), ExpectVersion: 2}, "alice@3 bob@6 account", "someone else"},
		{PutUser{User: User{Name: "carl", Passwords: []Verifier{verifier(1)}, DefaultLibrary: "nine"}}, "alice@3 bob@6 account", "no library nine"},
		{RemoveUser{Name: "carl"}, "alice@3 bob@6 account", "there is no user carl"},
		{RemoveUser{Name: "alice"}, "bob@6 account", ""},
		// The account of the settings is a user until somebody says otherwise.
		{PutUser{User: plainUser("calvin")}, "bob@6 calvin@11", ""},
		{RemoveUser{Name: "calvin"}, "bob@6", ""},
		{RemoveUser{Name: "calvin"}, "bob@6", "there is no user calvin"},
		{PutUser{User: plainUser("calvin")}, "bob@6 calvin@14", ""},
	} {
		r := apply(t, m, c.command)
		if (r.Err == nil) != (c.err == "") || r.UsersChanged != (c.err == "") || r.LibrariesChanged ||
			c.err != "" && (!errors.Is(r.Err, ErrBadChange) || !strings.Contains(r.Err.Error(), c.err)) {
			t.Errorf("%+v: %+v", c.command, r)
		}
		if got := shownUsers(m); got != c.want {
			t.Errorf("%+v: users %s, want %s", c.command, got, c.want)
		}
		checkRestorable(t, m)
	}
	if u := m.Users().Named("bob"); u.Role != RoleClient || len(u.Passwords) != 1 || m.Users().Named("nobody") != nil {
		t.Errorf("%+v", u)
	}
}

func TestTheAccountCanBeRemovedBeforeItWasPut(t *testing.T) {
	m := bootstrapped(t)
	if r := apply(t, m, RemoveUser{Name: "calvin"}); r.Err != nil || m.Users().AccountIsUser() {
		t.Errorf("%+v", r)
	}
	checkRestorable(t, m)
}

func TestNobodyIsAUserBeforeBootstrap(t *testing.T) {
	m := New()
	if r := apply(t, m, PutUser{User: plainUser("bob")}); !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("%+v", r)
	}
	if r := apply(t, m, RemoveUser{Name: "bob"}); !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("%+v", r)
	}
}

func TestBootstrapBringsUsers(t *testing.T) {
	b := testBootstrap()
	b.Users = []User{plainUser("bob"), plainUser("calvin")}
	m := New()
	if r := apply(t, m, b); r.Err != nil || !r.UsersChanged || shownUsers(m) != "bob@1 calvin@1" {
		t.Errorf("%+v, users %s", r, shownUsers(m))
	}
	b.Users = b.Users[:1]
	m = New()
	if r := apply(t, m, b); r.Err != nil || shownUsers(m) != "bob@1 account" {
		t.Errorf("%+v, users %s", r, shownUsers(m))
	}
	for _, bad := range [][]User{{plainUser("b"), plainUser("a")}, {plainUser("a"), plainUser("a")}, {{Name: "a"}}} {
		b.Users = bad
		if err := b.Check(); !errors.Is(err, ErrBadChange) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestALibraryWhereAUserStartsIsNotRemoved(t *testing.T) {
	m := bootstrapped(t)
	apply(t, m, PutUser{User: someUser("bob")})
	remove := ChangeLibraries{Changes: []LibraryChange{RemoveLibrary{Library: "two"}}}
	if r := apply(t, m, remove); !errors.Is(r.Err, ErrBadChange) || !strings.Contains(r.Err.Error(), "user bob") {
		t.Errorf("%+v", r)
	}
	apply(t, m, RemoveUser{Name: "bob"})
	if r := apply(t, m, remove); r.Err != nil {
		t.Errorf("%+v", r)
	}
}

func TestUsersThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*User){
		"no name":              func(u *User) { u.Name = "" },
		"256 bytes":            func(u *User) { u.Name = strings.Repeat("x", 256) },
		"no text":              func(u *User) { u.Name = "a\x00b" },
		"0 passwords":          func(u *User) { u.Passwords = nil },
		"3 passwords":          func(u *User) { u.Passwords = append(u.Passwords, verifier(3)) },
		"out of order":         func(u *User) { slices.Reverse(u.Networks) },
		"or one is none":       func(u *User) { u.Networks[0] = netip.PrefixFrom(netip.MustParseAddr("10.1.0.0"), 8) },
		"33 networks":          func(u *User) { u.Networks = make([]netip.Prefix, 33) },
		"can have one of them": func(u *User) { u.DefaultCore = "x" },
		"at most 64 bytes":     func(u *User) { u.DefaultLibrary = strings.Repeat("x", 65) },
		"may have 1000001":     func(u *User) { u.MaxSessions = 1_000_001 },
		"one of client, admin": func(u *User) { u.Role = 2 },
		"contains white space": func(u *User) { u.DefaultLibrary, u.DefaultCore = "", "a b" },
	} {
		u := someUser("bob")
		change(&u)
		_, err := PutUser{User: u}.Encode()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, name := range []string{"", strings.Repeat("x", 256)} {
		if err := (RemoveUser{Name: name}).Check(); !errors.Is(err, ErrBadChange) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestUsersTravel(t *testing.T) {
	put := PutUser{User: someUser("bob"), ExpectVersion: 9}
	got, err := PutUserFromProto(put.Proto())
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", put) || !slices.Equal(got.User.Passwords, put.User.Passwords) {
		t.Errorf("%+v arrived as %+v, %v", put, got, err)
	}
	remove, err := RemoveUserFromProto(RemoveUser{Name: "bob"}.Proto())
	if err != nil || remove.Name != "bob" {
		t.Errorf("%+v, %v", remove, err)
	}
	for name, p := range map[string]*fsmpb.PutUser{
		"nil":              nil,
		"nobody":           {},
		"a short verifier": {User: &fsmpb.User{Name: "a", Passwords: []*fsmpb.Verifier{{Native: make([]byte, 20), Sha2: make([]byte, 32), Ed25519: make([]byte, 31)}}}},
		"no verifier":      {User: &fsmpb.User{Name: "a", Passwords: []*fsmpb.Verifier{nil}}},
		"no network":       {User: &fsmpb.User{Name: "a", Passwords: userProto(&put.User).Passwords, Networks: []*fsmpb.Network{nil}}},
		"a long network":   {User: &fsmpb.User{Name: "a", Passwords: userProto(&put.User).Passwords, Networks: []*fsmpb.Network{{Address: make([]byte, 4), Bits: 33}}}},
		"another role":     {User: &fsmpb.User{Name: "a", Passwords: userProto(&put.User).Passwords, Role: 256}},
	} {
		if got, err := PutUserFromProto(p); !errors.Is(err, ErrBadChange) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestUsersComeFromTheirNetworks(t *testing.T) {
	u := someUser("bob")
	for address, want := range map[string]bool{
		"10.255.0.1": true, "11.0.0.1": false, "::ffff:10.0.0.1": true, "fe80::1%eth0": true, "::1": false,
	} {
		if got := u.MayComeFrom(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if u.MayComeFrom(netip.Addr{}) {
		t.Error("what has no address is let in")
	}
	if u.Networks = nil; !u.MayComeFrom(netip.Addr{}) || !u.MayComeFrom(netip.MustParseAddr("::1")) {
		t.Error("without networks not everybody is let in")
	}
}

func TestUsersAreBounded(t *testing.T) {
	m := bootstrapped(t)
	for i := range MaxUsers {
		if r := apply(t, m, PutUser{User: plainUser(fmt.Sprint("u", i))}); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if r := apply(t, m, PutUser{User: plainUser("v")}); r.Err == nil || !strings.Contains(r.Err.Error(), "1000 users") {
		t.Errorf("%+v", r)
	}
	if r := apply(t, m, PutUser{User: plainUser("u7"), ExpectVersion: m.Users().Named("u7").Version}); r.Err != nil {
		t.Errorf("%+v", r)
	}
	checkRestorable(t, m)
}

func TestSnapshotsWithUsersThatCannotBeAreRefused(t *testing.T) {
	for name, damage := range map[string]func(*fsmpb.SnapshotHeader){
		"order":    func(h *fsmpb.SnapshotHeader) { slices.Reverse(h.Users) },
		"version":  func(h *fsmpb.SnapshotHeader) { h.Users[0].Version = 99 },
		"none":     func(h *fsmpb.SnapshotHeader) { h.Users[0].Version = 0 },
		"verifier": func(h *fsmpb.SnapshotHeader) { h.Users[0].Passwords[0].Sha2 = nil },
		"many":     func(h *fsmpb.SnapshotHeader) { h.Users = make([]*fsmpb.User, MaxUsers+1) },
		"unknown":  func(h *fsmpb.SnapshotHeader) { h.Users[0].Role = 3 },
	} {
		m := bootstrapped(t)
		apply(t, m, PutUser{User: plainUser("a")})
		apply(t, m, PutUser{User: plainUser("b")})
		h := m.Snapshot().header()
		damage(h)
		payload, err := proto.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		w := newBlockWriter(&file)
		if err := errors.Join(w.start(), w.block(blockHeader, payload), w.block(blockEnd, nil)); err != nil {
			t.Fatal(err)
		}
		if err := New().Restore(&file); err == nil || !strings.Contains(err.Error(), "corrupt") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadersOfSnapshotsGetNoVerifiers(t *testing.T) {
	m := bootstrapped(t)
	apply(t, m, PutUser{User: someUser("bob")})
	var info SnapshotInfo
	err := ReadSnapshot(bytes.NewReader(snapshotBytes(t, m.Snapshot())), SnapshotVisitor{Header: func(i SnapshotInfo) error {
		info = i
		return nil
	}})
	if err != nil || len(info.Users) != 1 || info.Users[0].Passwords != nil || info.Users[0].MaxSessions != 7 || !info.AccountIsUser {
		t.Errorf("%+v, %v", info, err)
	}
	if m.Users().Named("bob").Passwords == nil {
		t.Error("the machine has lost them")
	}
}

func TestChangesOfUsersAreNoted(t *testing.T) {
	m := bootstrapped(t)
	put := func(version uint64, change func(*User)) {
		u := plainUser("bob")
		change(&u)
		apply(t, m, attributed{PutUser{User: u, ExpectVersion: version}, testOrigin})
	}
	put(0, func(*User) {})
	put(2, func(u *User) { u.Passwords = []Verifier{verifier(2), verifier(1)} })
	put(3, func(u *User) { u.Passwords = []Verifier{verifier(2)} })
	put(4, func(u *User) { *u = someUser("bob"); u.Passwords = []Verifier{verifier(2)} })
	put(5, func(u *User) { *u = someUser("bob"); u.Passwords = []Verifier{verifier(2)} })
	apply(t, m, attributed{RemoveUser{Name: "bob"}, testOrigin})
	var got []string
	for line := range strings.Lines(trail(m)) {
		_, what, _ := strings.Cut(strings.TrimSpace(line), "user bob: ")
		got = append(got, what)
	}
	want := []string{
		"put", "another password", "the old password is no longer right",
		"role client -> admin; locked off -> on; networks any -> 10.0.0.0/8,fe80::/10; default library none -> 'two'; sessions a node 0 -> 7",
		"removed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("noted\n%s", strings.Join(got, "\n"))
	}
}

// Later releases must go on reading these.
func TestTheGoldenCommandsOfUsersAreApplied(t *testing.T) {
	const file = "testdata/commands-v5-users.hex"
	if *update {
		b := testBootstrap()
		b.Users = []User{plainUser("calvin")}
		writeGolden(t, file,
			encode(t, b), encode(t, PutUser{User: someUser("bob")}), encode(t, PutUser{User: plainUser("alice")}),
			encode(t, PutUser{User: someUser("alice"), ExpectVersion: 3}), encode(t, RemoveUser{Name: "calvin"}),
		)
	}
	m := applyGolden(t, file)
	if got := shownUsers(m); got != "alice@4 bob@2" {
		t.Errorf("users %s", got)
	}
	bob := someUser("bob")
	bob.Version = 2
	if got := m.Users().Named("bob"); fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", bob) || !slices.Equal(got.Passwords, bob.Passwords) {
		t.Errorf("%+v, want %+v", *got, bob)
	}
}

func TestTheGoldenSnapshotWithUsersIsRead(t *testing.T) {
	const file = "testdata/snapshot-v2-users.hex"
	if *update {
		writeGolden(t, file, snapshotBytes(t, applyGolden(t, "testdata/commands-v5-users.hex").Snapshot()))
	}
	m := New()
	if err := m.Restore(bytes.NewReader(readGolden(t, file)[0])); err != nil {
		t.Fatal(err)
	}
	checkSame(t, m, applyGolden(t, "testdata/commands-v5-users.hex"))
	checkRestorable(t, m)
}

package fsm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func servers(addresses ...string) []Server {
	out := make([]Server, len(addresses))
	for i, a := range addresses {
		out[i] = Server{Address: a}
	}
	return out
}

func TestChangesToLibraries(t *testing.T) {
	one := "{1 one open 100 [10.0.0.1:3306 10.0.0.2:3306] off 10.0.0.1:3306 1}"
	two := "{2 two open 100 [[fe80::1]:3306] off [fe80::1]:3306 1}"
	for _, c := range []struct {
		name   string
		change ChangeLibraries
		want   []string // the libraries afterwards
		err    error
	}{
		{
			"add two",
			ChangeLibraries{Changes: []LibraryChange{
				AddLibrary{Name: "three", Weight: 7, Servers: servers("h:3", "g:3")},
				AddLibrary{Name: "four", Weight: 0, Servers: servers("h:4")},
			}},
			[]string{one, two, "{3 three open 7 [h:3 g:3] off h:3 1}", "{4 four open 0 [h:4] off h:4 1}"},
			nil,
		},
		{
			"weight and state",
			ChangeLibraries{ExpectVersion: 1, Changes: []LibraryChange{
				SetWeight{Library: "two", Weight: 5},
				SetState{Library: "two", State: LibraryClosed},
			}},
			[]string{one, "{2 two closed 5 [[fe80::1]:3306] off [fe80::1]:3306 1}"},
			nil,
		},
		{
			"TLS",
			ChangeLibraries{Changes: []LibraryChange{
				AddLibrary{Name: "three", Servers: servers("h:3"), TLS: TLSVerifyCA},
				SetTLS{Library: "two", TLS: TLSRequired},
				SetTLS{Library: "one", TLS: TLSRequired},
				SetTLS{Library: "one", TLS: TLSOff},
			}},
			[]string{one, strings.Replace(two, " off ", " required ", 1), "{3 three open 0 [h:3] verify_ca h:3 1}"},
			nil,
		},
		{
			"TLS of a library that is not there",
			ChangeLibraries{Changes: []LibraryChange{SetTLS{Library: "nine", TLS: TLSRequired}}},
			nil, ErrBadChange,
		},
		{
			"draining",
			ChangeLibraries{Changes: []LibraryChange{SetState{Library: "two", State: LibraryDraining}}},
			[]string{one, strings.Replace(two, " open ", " draining ", 1)},
			nil,
		},
		{
			"drain, close and open",
			ChangeLibraries{Changes: []LibraryChange{
				SetState{Library: "two", State: LibraryDraining},
				SetState{Library: "two", State: LibraryClosed},
				SetState{Library: "two", State: LibraryOpen},
			}},
			[]string{one, two},
			nil,
		},
		{
			"close and open",
			ChangeLibraries{Changes: []LibraryChange{
				SetState{Library: "two", State: LibraryClosed},
				SetState{Library: "two", State: LibraryOpen},
			}},
			[]string{one, two},
			nil,
		},
		{
			"another order of servers leaves the active one active",
			ChangeLibraries{Changes: []LibraryChange{
				SetServers{Library: "one", Servers: servers("10.0.0.2:3306", "10.0.0.1:3306")},
			}},
			[]string{"{1 one open 100 [10.0.0.2:3306 10.0.0.1:3306] off 10.0.0.1:3306 1}", two},
			nil,
		},
		{
			"other servers beside the active one",
			ChangeLibraries{Changes: []LibraryChange{
				SetServers{Library: "one", Servers: servers("10.0.0.1:3306", "10.0.0.9:3306")},
			}},
			[]string{"{1 one open 100 [10.0.0.1:3306 10.0.0.9:3306] off 10.0.0.1:3306 1}", two},
			nil,
		},
		{
			"a list without the active server",
			ChangeLibraries{Changes: []LibraryChange{
				SetServers{Library: "one", Servers: servers("10.0.0.2:3306")},
			}},
			nil, ErrBadChange,
		},
		{
			"an older command makes the first server active",
			ChangeLibraries{Changes: []LibraryChange{
				SetServers{Library: "one", Servers: servers("10.0.0.2:3306", "10.0.0.1:3306"), replaceActive: true},
				SetServers{Library: "two", Servers: servers("[fe80::1]:3306", "h:2"), replaceActive: true},
			}},
			[]string{"{1 one open 100 [10.0.0.2:3306 10.0.0.1:3306] off 10.0.0.2:3306 2}", "{2 two open 100 [[fe80::1]:3306 h:2] off [fe80::1]:3306 1}"},
			nil,
		},
		{
			"a name twice",
			ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "one", Servers: servers("h:1")}}},
			nil, ErrBadChange,
		},
		{
			"all or nothing",
			ChangeLibraries{Changes: []LibraryChange{
				SetWeight{Library: "one", Weight: 1},
				AddLibrary{Name: "three", Servers: servers("h:3")},
				SetWeight{Library: "nine", Weight: 1},
			}},
			nil, ErrBadChange,
		},
		{
			"an unknown library",
			ChangeLibraries{Changes: []LibraryChange{SetServers{Library: "nine", Servers: servers("h:1")}}},
			nil, ErrBadChange,
		},
		{
			"an older version",
			ChangeLibraries{ExpectVersion: 9, Changes: []LibraryChange{SetWeight{Library: "one", Weight: 1}}},
			nil, ErrStaleVersion,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := bootstrapped(t)
			published := m.Libraries()
			r := apply(t, m, c.change)
			if !errors.Is(r.Err, c.err) || r.LibrariesChanged != (c.err == nil) {
				t.Errorf("result %+v, want error %v", r, c.err)
			}
			want, version := c.want, uint64(2)
			if c.err != nil {
				want, version = []string{one, two}, 1
			}
			if got := shown(m.Libraries().All()); got != fmt.Sprint(want) {
				t.Errorf("libraries %s\nwant %s", got, want)
			}
			if got := m.Libraries().Version(); got != version {
				t.Errorf("version %d, want %d", got, version)
			}
			if got := shown(published.All()); got != fmt.Sprint([]string{one, two}) {
				t.Errorf("the set that was published before changed: %s", got)
			}
		})
	}
}

func TestChangesThatAreNotEvenProposed(t *testing.T) {
	add := func(name string, weight uint32, addresses ...string) LibraryChange {
		return AddLibrary{Name: name, Weight: weight, Servers: servers(addresses...)}
	}
	var crowd []string
	for i := range MaxServers + 1 {
		crowd = append(crowd, fmt.Sprintf("h:%d", i+1))
	}
	for name, change := range map[string]LibraryChange{
		"nothing":                nil,
		"no name":                add("", 1, "h:1"),
		"a name with a blank":    add("my library", 1, "h:1"),
		"a long name":            add(strings.Repeat("x", MaxNameLen+1), 1, "h:1"),
		"a weight above":         add("x", MaxWeight+1, "h:1"),
		"no servers":             add("x", 1),
		"too many servers":       add("x", 1, crowd...),
		"a server twice":         add("x", 1, "h:1", "h:2", "h:1"),
		"no port":                add("x", 1, "h"),
		"no host":                add("x", 1, ":3306"),
		"port 0":                 add("x", 1, "h:0"),
		"port 65536":             add("x", 1, "h:65536"),
		"a port with a sign":     add("x", 1, "h:+1"),
		"a port with a name":     add("x", 1, "h:mysql"),
		"a bare IPv6 host":       add("x", 1, "fe80::1:3306"),
		"a host with a blank":    add("x", 1, "h h:1"),
		"a long host":            add("x", 1, strings.Repeat("h", MaxAddressLen)+":1"),
		"another weight above":   SetWeight{Library: "one", Weight: MaxWeight + 1},
		"the weight of no one":   SetWeight{},
		"an unknown state":       SetState{Library: "one", State: 9},
		"no state":               SetState{Library: "one"},
		"the state of no one":    SetState{State: LibraryOpen},
		"no servers any more":    SetServers{Library: "one"},
		"the servers of no one":  SetServers{Servers: servers("h:1")},
		"servers with no port":   SetServers{Library: "one", Servers: servers("h")},
		"servers with one twice": SetServers{Library: "one", Servers: servers("h:1", "h:1")},
		"the failover of no one": SetFailover{},
		"an unknown policy":      SetFailover{Library: "one", Failover: Failover{Policy: 4}},
		"failback of a policy that knows no order": SetFailover{Library: "one", Failover: Failover{Policy: FailoverPromote, Failback: true}},
		"a new library with an unknown policy":     AddLibrary{Name: "x", Servers: servers("h:1"), Failover: Failover{Policy: 4}},
		"pinning no one":                           SetPinned{Pinned: true},
		"maintenance of no library":                SetMaintenance{Server: "h:1"},
		"maintenance of no server":                 SetMaintenance{Library: "one"},
		"maintenance of a server without a port":   SetMaintenance{Library: "one", Server: "h"},
	} {
		t.Run(name, func(t *testing.T) {
			c := ChangeLibraries{Changes: []LibraryChange{change}}
			_, err := c.Encode()
			if !errors.Is(err, ErrBadChange) && !errors.Is(err, ErrBadName) {
				t.Errorf("got error %v", err)
			}
		})
	}
	if _, err := (ChangeLibraries{}).Encode(); !errors.Is(err, ErrBadChange) {
		t.Errorf("no changes: %v", err)
	}
	if _, err := (ChangeLibraries{Changes: make([]LibraryChange, MaxChanges+1)}).Encode(); !errors.Is(err, ErrBadChange) {
		t.Errorf("too many changes: %v", err)
	}
}

func TestLibrariesAreBounded(t *testing.T) {
	m := bootstrapped(t)
	var c ChangeLibraries
	for i := range MaxLibraries - 2 {
		c.Changes = append(c.Changes, AddLibrary{Name: fmt.Sprint("l", i), Servers: servers("h:1")})
	}
	if r := apply(t, m, c); r.Err != nil {
		t.Fatal(r.Err)
	}
	if r := apply(t, m, ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "more", Servers: servers("h:1")}}}); !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("one more: %+v", r)
	}
}

func TestLibrariesCannotChangeBeforeBootstrap(t *testing.T) {
	r := apply(t, New(), ChangeLibraries{Changes: []LibraryChange{AddLibrary{Name: "x", Servers: servers("h:1")}}})
	if !errors.Is(r.Err, ErrBadChange) {
		t.Errorf("got %+v", r)
	}
}

func TestOnlyTheFirstBootstrapCounts(t *testing.T) {
	m := bootstrapped(t)
	second := testBootstrap()
	second.Settings.User = "another"
	second.Libraries = second.Libraries[:1]
	if r := apply(t, m, second); !errors.Is(r.Err, ErrBootstrapped) || r.LibrariesChanged {
		t.Errorf("got %+v", r)
	}
	if m.Settings().User != "calvin" || len(m.Libraries().All()) != 2 {
		t.Errorf("settings %+v, libraries %+v", m.Settings(), m.Libraries().All())
	}
}

func TestBootstrapIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Bootstrap){
		"no cluster id":              func(b *Bootstrap) { b.Settings.ClusterID = "" },
		"a cluster id of other text": func(b *Bootstrap) { b.Settings.ClusterID = strings.Repeat("X", ClusterIDLen) },
		"no user":                    func(b *Bootstrap) { b.Settings.User = "" },
		"a long password":            func(b *Bootstrap) { b.Settings.Password = strings.Repeat("x", MaxCredentialLen+1) },
		"an unknown default library": func(b *Bootstrap) { b.Settings.DefaultLibrary = "three" },
		"a negative timeout":         func(b *Bootstrap) { b.Settings.UnusedForwardSessionTimeout = -1 },
		"a share above 1":            func(b *Bootstrap) { b.Settings.MaxShareMille = 1001 },
		"an unknown balance":         func(b *Bootstrap) { b.Settings.Balance = 2 },
		"a library twice":            func(b *Bootstrap) { b.Libraries[1].Name = "one" },
		"a library without servers":  func(b *Bootstrap) { b.Libraries[0].Servers = nil },
		"a library without a name":   func(b *Bootstrap) { b.Libraries[0].Name = "" },
	} {
		t.Run(name, func(t *testing.T) {
			b := testBootstrap()
			spoil(&b)
			if _, err := b.Encode(); !errors.Is(err, ErrBadChange) && !errors.Is(err, ErrBadName) {
				t.Errorf("got error %v", err)
			}
		})
	}
	b := testBootstrap()
	b.Libraries, b.Settings.DefaultLibrary, b.Settings.Database = nil, "", ""
	if err := b.Check(); err != nil {
		t.Errorf("without libraries and database: %v", err)
	}
}

package fsm

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is the state machine in plain maps: what Machine must behave like.
type model struct {
	libraries  []Library
	version    uint64
	placements map[string]Placement
	bindings   map[[2]string]string
	nodes      map[string]NodeInfo
	removed    map[string]bool
	greetings  map[string]Greeting
	users      map[string]User
	accountPut bool // the account of the settings was put or removed as a user
	share      uint32
	balance    Balance
	failover   FailoverSettings
	next       uint64 // index of the next command
}

func (m *model) item(i Item) (want Placement, err error, retry bool) {
	home := func(core string) (Placement, error, bool) {
		if p, ok := m.placements[core]; ok {
			return p, nil, false
		}
		return Placement{}, ErrNoPlacement, false
	}
	key := [2]string{i.Class, i.Object}
	switch i.Kind {
	case KindAssign:
		if p, ok := m.placements[i.Core]; ok {
			return p, nil, false
		}
		l := slices.IndexFunc(m.libraries, func(l Library) bool { return l.ID == i.Library })
		if l < 0 || m.libraries[l].State != LibraryOpen || m.libraries[l].Weight == 0 {
			return Placement{}, nil, true
		}
		m.placements[i.Core] = Placement{Core: i.Core, Library: i.Library, Epoch: 1}
		return home(i.Core)
	case KindBind:
		if core, ok := m.bindings[key]; ok && core != i.Core {
			return Placement{}, ErrBound, false
		}
		p, err, _ := home(i.Core)
		if err == nil {
			m.bindings[key] = i.Core
		}
		return p, err, false
	case KindFind:
		core, ok := m.bindings[key]
		if !ok {
			return Placement{}, ErrNoBinding, false
		}
		return home(core)
	default:
		return home(i.Core)
	}
}

// setNode makes a node known under the smallest number that is free.
func (m *model) setNode(n NodeInfo) {
	if m.removed[n.ID] {
		return
	}
	if old, known := m.nodes[n.ID]; known {
		n.Number = old.Number
		m.nodes[n.ID] = n
		return
	}
	taken := map[uint16]bool{0: true}
	for _, other := range m.nodes {
		taken[other.Number] = true
	}
	for taken[n.Number] {
		n.Number++
	}
	m.nodes[n.ID] = n
}

// changeSettings carries out a change that is allowed.
func (m *model) changeSettings(c ChangeSettings) {
	if c.MaxShareMille != nil {
		m.share = *c.MaxShareMille
	}
	if c.Balance != nil {
		m.balance = *c.Balance
	}
	if c.Failover != nil {
		m.failover = *c.Failover
	}
}

// hasServer reports whether a library lists the server.
func (m *model) hasServer(address string) bool {
	return slices.ContainsFunc(m.libraries, func(l Library) bool { return addressed(l.Servers, address) >= 0 })
}

// change carries out one change and reports whether it is allowed.
func (m *model) change(change LibraryChange) bool {
	find := func(name string) int {
		return slices.IndexFunc(m.libraries, func(l Library) bool { return l.Name == name })
	}
	switch c := change.(type) {
	case AddLibrary:
		if find(c.Name) >= 0 {
			return false
		}
		m.libraries = append(m.libraries, Library{
			ID: LibraryID(len(m.libraries) + 1), Name: c.Name, State: LibraryOpen, Weight: c.Weight,
			Servers: c.Servers, TLS: c.TLS, Active: c.Servers[0].Address, ActiveEpoch: 1, Failover: c.Failover,
		})
		l := &m.libraries[len(m.libraries)-1]
		m.notePossible(l)
		l.Guarded = l.MayFailOverSince > 0
	case SetWeight:
		i := find(c.Library)
		if i < 0 {
			return false
		}
		m.libraries[i].Weight = c.Weight
	case SetState:
		i := find(c.Library)
		if i < 0 {
			return false
		}
		m.libraries[i].State = c.State
	case SetTLS:
		i := find(c.Library)
		if i < 0 {
			return false
		}
		m.libraries[i].TLS = c.TLS
	case SetServers:
		i := find(c.Library)
		if i < 0 {
			return false
		}
		return m.setServers(&m.libraries[i], c)
	case SetFailover:
		i := find(c.Library)
		if i < 0 {
			return false
		}
		m.libraries[i].Failover = c.Failover
		m.notePossible(&m.libraries[i])
	case SetPinned:
		i := find(c.Library)
		if i < 0 {
			return false
		}
		m.libraries[i].Pinned = c.Pinned
	case SetMaintenance:
		i := find(c.Library)
		return i >= 0 && m.setMaintenance(&m.libraries[i], c)
	}
	return true
}

// digest sums up in whatever order the maps give.
func (m *model) digest() (sum Digest) {
	d := newDigester()
	for _, p := range m.placements {
		sum += d.placement(p.Core, p.Library, p.Epoch)
	}
	for key, core := range m.bindings {
		sum += d.binding(key[0], key[1], core)
	}
	return sum
}

func drawItem(t *rapid.T) Item {
	core := rapid.SampledFrom([]string{"a", "b", "c", "客户", "e", "f", "g"}).Draw(t, "core")
	class := rapid.SampledFrom([]string{"card", "phone"}).Draw(t, "class")
	object := rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "object")
	switch rapid.IntRange(1, 4).Draw(t, "kind") {
	case 1:
		return AssignItem(core, LibraryID(rapid.Uint32Range(0, 5).Draw(t, "library")))
	case 2:
		return BindItem(class, object, core)
	case 3:
		return LocateItem(core)
	default:
		return FindItem(class, object)
	}
}

func drawUser(t *rapid.T) User {
	u := User{
		Name:        rapid.SampledFrom([]string{"a", "b", testBootstrap().Settings.User}).Draw(t, "user"),
		MaxSessions: rapid.Uint32Range(0, 2).Draw(t, "sessions"),
		Locked:      rapid.Bool().Draw(t, "locked"),
	}
	for range rapid.IntRange(1, MaxPasswords).Draw(t, "passwords") {
		u.Passwords = append(u.Passwords, verifier(rapid.Byte().Draw(t, "password")))
	}
	return u
}

func drawChange(t *rapid.T) LibraryChange {
	name := rapid.SampledFrom([]string{"one", "two", "three", "four"}).Draw(t, "name")
	weight := rapid.Uint32Range(0, 2).Draw(t, "weight")
	list := rapid.SliceOfNDistinct(rapid.SampledFrom(servers(modelServers...)), 1, 4, func(s Server) string { return s.Address }).Draw(t, "servers")
	mode := TLSMode(rapid.IntRange(0, 3).Draw(t, "tls"))
	failover := rapid.SampledFrom([]Failover{
		{}, {Policy: FailoverOrdered}, {Policy: FailoverOrdered, Failback: true}, {Policy: FailoverFollow}, {Policy: FailoverPromote},
	}).Draw(t, "failover")
	on := rapid.Bool().Draw(t, "on")
	switch rapid.IntRange(1, 8).Draw(t, "change") {
	case 1:
		return AddLibrary{Name: name, Weight: weight, Servers: list, TLS: mode, Failover: failover}
	case 2:
		return SetWeight{Library: name, Weight: weight}
	case 3:
		return SetState{Library: name, State: rapid.SampledFrom([]LibraryState{LibraryOpen, LibraryClosed, LibraryDraining}).Draw(t, "state")}
	case 4:
		return SetTLS{Library: name, TLS: mode}
	case 5:
		return SetFailover{Library: name, Failover: failover}
	case 6:
		return SetPinned{Library: name, Pinned: on}
	case 7:
		return SetMaintenance{Library: name, Server: drawServer(t, "server"), Maintenance: on}
	default:
		return SetServers{Library: name, Servers: list, replaceActive: rapid.IntRange(0, 3).Draw(t, "older command") == 0}
	}
}

// Two machines get the same log; one of them is replaced by a restored snapshot
// of itself at random moments. Both must behave like the model and agree.
func TestTheMachineBehavesLikeAMapOfEverything(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{
			placements: map[string]Placement{},
			bindings:   map[[2]string]string{},
			nodes:      map[string]NodeInfo{},
			removed:    map[string]bool{},
			greetings:  map[string]Greeting{},
			users:      map[string]User{},
			share:      testBootstrap().Settings.MaxShareMille,
			failover:   FailoverSettings{}.WithDefaults(),
			next:       rapid.Uint64Range(1, 3).Draw(rt, "first"),
		}
		machines := []*Machine{New(), New()}
		index := uint64(0)
		do := func(t *rapid.T, c encoder, check func(Result)) {
			index = m.next
			m.next += rapid.Uint64Range(1, 3).Draw(t, "step")
			command, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			for _, machine := range machines {
				r, err := machine.Apply(index, command)
				if err != nil {
					t.Fatal(err)
				}
				check(r)
			}
		}
		do(rt, testBootstrap(), func(r Result) {
			if r.Err != nil {
				rt.Fatal(r.Err)
			}
		})
		m.libraries, m.version = slices.Clone(machines[0].Libraries().All()), 1

		rt.Repeat(map[string]func(*rapid.T){
			"batch": func(t *rapid.T) {
				items := rapid.SliceOfN(rapid.Custom(drawItem), 0, 8).Draw(t, "items")
				before := ItemResult{}
				results := make([]ItemResult, len(items))
				for i, item := range items {
					before.Placement, before.Err, before.Retry = m.item(item)
					results[i] = before
				}
				do(t, Batch{Items: items}, func(r Result) {
					for i, got := range r.Batch.Items {
						want := results[i]
						if got.Placement != want.Placement || got.Retry != want.Retry || !errors.Is(got.Err, want.Err) {
							t.Fatalf("%+v: %+v, want %+v", items[i], got, want)
						}
					}
				})
			},
			"change libraries": func(t *rapid.T) {
				c := ChangeLibraries{
					ExpectVersion: rapid.SampledFrom([]uint64{0, m.version, m.version + 1}).Draw(t, "version"),
					Changes:       rapid.SliceOfN(rapid.Custom(drawChange), 1, 3).Draw(t, "changes"),
				}
				stale := c.ExpectVersion > m.version
				before := slices.Clone(m.libraries)
				ok := !stale
				for _, change := range c.Changes {
					ok = ok && m.change(change)
				}
				if ok {
					m.version++
					maps.DeleteFunc(m.greetings, func(address string, _ Greeting) bool { return !m.hasServer(address) })
				} else {
					m.libraries = before
				}
				do(t, c, func(r Result) {
					if (r.Err == nil) != ok || stale != errors.Is(r.Err, ErrStaleVersion) {
						t.Fatalf("%+v: %+v, allowed: %v", c, r, ok)
					}
				})
			},
			"change settings": func(t *rapid.T) {
				var c ChangeSettings
				if rapid.Bool().Draw(t, "changes the share") {
					c.MaxShareMille = new(rapid.Uint32Range(1, 1000).Draw(t, "share"))
				}
				if c.MaxShareMille == nil || rapid.Bool().Draw(t, "changes the balance") {
					c.Balance = new(rapid.SampledFrom([]Balance{BalancePlacements, BalanceData}).Draw(t, "balance"))
				}
				shorter := false
				if rapid.Bool().Draw(t, "changes failover") {
					next := testFailover
					next.Lease = time.Duration(rapid.IntRange(5, 9).Draw(t, "lease")) * time.Second
					c.Failover = &next
					shorter = next.Lease < m.failover.Lease
				}
				if !shorter {
					m.changeSettings(c)
				}
				do(t, c, func(r Result) {
					if errors.Is(r.Err, ErrBadChange) != shorter {
						t.Fatalf("%+v: %v", c, r.Err)
					}
				})
			},
			"switch": func(t *rapid.T) {
				c := m.drawSwitching(t)
				want, version := m.switching(c), m.version
				if want == nil {
					m.version++
				}
				do(t, c, func(r Result) {
					if !errors.Is(r.Err, want) || r.LibrariesChanged != (m.version != version) {
						t.Fatalf("%+v: %+v, want %v", c, r, want)
					}
				})
			},
			"grant leases": func(t *rapid.T) {
				var all, want []Lease
				for _, id := range rapid.SliceOfN(rapid.SampledFrom([]string{"n1", "n2", "n3"}), 1, 4).Draw(t, "nodes") {
					l := Lease{Node: id, Starts: 1, Nonce: rapid.Uint64().Draw(t, "nonce")}
					all = append(all, l)
					if _, known := m.nodes[id]; known {
						want = append(want, l)
					}
				}
				do(t, GrantLeases{Leases: all}, func(r Result) {
					if r.Err != nil || !slices.Equal(r.Leases, want) {
						t.Fatalf("%+v: %+v, want %+v", all, r, want)
					}
				})
			},
			"set node": func(t *rapid.T) {
				n := NodeInfo{ID: rapid.SampledFrom([]string{"n1", "n2", "n3"}).Draw(t, "node"), MySQL: rapid.SampledFrom([]string{"", "h:1"}).Draw(t, "mysql")}
				m.setNode(n)
				do(t, SetNode{n}, func(r Result) {
					if errors.Is(r.Err, ErrRemoved) != m.removed[n.ID] {
						t.Fatalf("%+v: %+v", n, r)
					}
				})
			},
			"remove node": func(t *rapid.T) {
				id := rapid.SampledFrom([]string{"n1", "n2", "n3"}).Draw(t, "node")
				m.removed[id] = true
				delete(m.nodes, id)
				do(t, RemoveNode{ID: id}, func(r Result) {
					if r.Err != nil {
						t.Fatal(r.Err)
					}
				})
			},
			"record greeting": func(t *rapid.T) {
				c := RecordGreeting{Address: rapid.SampledFrom([]string{"h:1", "h:2", "h:3", "h:4"}).Draw(t, "address")}
				c.Collation = rapid.Uint8().Draw(t, "collation")
				has := m.hasServer(c.Address)
				if has {
					m.greetings[c.Address] = c.Greeting
				}
				do(t, c, func(r Result) {
					if (r.Err == nil) != has {
						t.Fatalf("%+v: %+v, allowed: %v", c, r, has)
					}
				})
			},
			"put user": func(t *rapid.T) {
				u := drawUser(t)
				version := m.users[u.Name].Version
				c := PutUser{User: u, ExpectVersion: rapid.SampledFrom([]uint64{0, version, version + 1}).Draw(t, "version")}
				allowed := c.ExpectVersion == version
				if allowed {
					u.Version = m.next
					m.users[u.Name] = u
					m.accountPut = m.accountPut || u.Name == testBootstrap().Settings.User
				}
				do(t, c, func(r Result) {
					if (r.Err == nil) != allowed || r.UsersChanged != allowed {
						t.Fatalf("%+v: %+v, allowed: %v", c, r, allowed)
					}
				})
			},
			"remove user": func(t *rapid.T) {
				name := drawUser(t).Name
				_, known := m.users[name]
				account := name == testBootstrap().Settings.User
				allowed := known || account && !m.accountPut
				delete(m.users, name)
				m.accountPut = m.accountPut || account
				do(t, RemoveUser{Name: name}, func(r Result) {
					if (r.Err == nil) != allowed {
						t.Fatalf("%s: %+v, allowed: %v", name, r, allowed)
					}
				})
			},
			"checkpoint": func(t *rapid.T) {
				at, hash, digest := machines[1].Fingerprint()
				do(t, Checkpoint{Index: at, Hash: hash, Digest: digest}, func(Result) {})
			},
			"restore": func(t *rapid.T) {
				var b bytes.Buffer
				if _, err := machines[0].Snapshot().WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				if rapid.Bool().Draw(t, "into a new machine") {
					machines[0] = New()
				}
				if err := machines[0].Restore(&b); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				for _, machine := range machines {
					checkModel(t, machine, m)
				}
				i0, h0, d0 := machines[0].Fingerprint()
				i1, h1, d1 := machines[1].Fingerprint()
				if i0 != index || i1 != index || h0 != h1 {
					t.Fatalf("entry %d hash %s, entry %d hash %s, want entry %d", i0, h0, i1, h1, index)
				}
				if want := m.digest(); d0 != want || d1 != want {
					t.Fatalf("digests %s and %s, want %s", d0, d1, want)
				}
			},
		})
	})
}

func checkModel(t *rapid.T, machine *Machine, m *model) {
	for core, want := range m.placements {
		if got, ok := machine.Locate(core); !ok || got != want {
			t.Fatalf("located %+v, %v, want %+v", got, ok, want)
		}
	}
	for key, want := range m.bindings {
		if got, ok := machine.FindBinding(key[0], key[1]); !ok || got != want {
			t.Fatalf("%q is bound to %q, %v, want %q", key, got, ok, want)
		}
	}
	byLibrary := map[LibraryID]uint64{}
	for _, p := range m.placements {
		byLibrary[p.Library]++
	}
	c := machine.Counts()
	if c.Placements != uint64(len(m.placements)) || c.Bindings != uint64(len(m.bindings)) || !maps.Equal(c.ByLibrary, byLibrary) {
		t.Fatalf("counts %+v, want %d placements %v, %d bindings", c, len(m.placements), byLibrary, len(m.bindings))
	}
	if got := machine.Libraries(); !sameLibraries(got.All(), m.libraries) || got.Version() != m.version {
		t.Fatalf("version %d: %s\nwant version %d: %s", got.Version(), shown(got.All()), m.version, shown(m.libraries))
	}
	if s := machine.Settings(); s.MaxShareMille != m.share || s.Balance != m.balance || s.Failover != m.failover {
		t.Fatalf("settings %+v, want share %d, balance %s, failover %+v", s, m.share, m.balance, m.failover)
	}
	if got := machine.Greetings(); !maps.Equal(got, m.greetings) {
		t.Fatalf("greetings %v, want %v", got, m.greetings)
	}
	var users []User
	for _, name := range slices.Sorted(maps.Keys(m.users)) {
		users = append(users, m.users[name])
	}
	if got := machine.Users(); !slices.EqualFunc(got.All(), users, func(a, b User) bool { return reflect.DeepEqual(a, b) }) || got.AccountIsUser() == m.accountPut {
		t.Fatalf("users %+v, %v, want %+v, %v", got.All(), got.AccountIsUser(), users, !m.accountPut)
	}
	var nodes []NodeInfo
	for _, id := range slices.Sorted(maps.Keys(m.nodes)) {
		nodes = append(nodes, m.nodes[id])
	}
	if !slices.Equal(machine.Nodes(), nodes) {
		t.Fatalf("nodes %+v, want %+v", machine.Nodes(), nodes)
	}
}

package fsm

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Several leaders go by what they saw of a library at some time, each on its own. A
// node may be restored from a snapshot at any time. Whatever they propose, nobody
// takes an active server away but by a retire, and nobody makes one but by ending a
// switch.
func checkSwitchesOfSeveralLeaders(t *rapid.T) {
	const leaders, library = 3, 3
	m := New()
	index := uint64(0)
	do := func(c encoder) Result {
		command, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		index++
		r, err := m.Apply(index, command)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	do(testBootstrap())
	do(ChangeLibraries{Changes: []LibraryChange{
		AddLibrary{Name: "three", Servers: servers("h:1", "h:2", "h:3"), Failover: Failover{Policy: FailoverOrdered}},
	}})
	var seen [leaders]Library
	for i := range seen {
		seen[i] = *m.Libraries().ByID(library)
	}
	step := func(t *rapid.T, c encoder) {
		before := *m.Libraries().ByID(library)
		r := do(c)
		checkStep(t, before, *m.Libraries().ByID(library), c, r.Err)
	}
	t.Repeat(map[string]func(*rapid.T){
		"a leader proposes": func(t *rapid.T) {
			step(t, drawSwitchingOf(t, library, seen[rapid.IntRange(0, leaders-1).Draw(t, "leader")]))
		},
		"a leader looks": func(t *rapid.T) {
			seen[rapid.IntRange(0, leaders-1).Draw(t, "leader")] = *m.Libraries().ByID(library)
		},
		"an operator changes the library": func(t *rapid.T) {
			var change LibraryChange
			switch rapid.IntRange(1, 4).Draw(t, "change") {
			case 1:
				list := rapid.SliceOfNDistinct(rapid.SampledFrom(modelServers), 1, 4, rapid.ID).Draw(t, "servers")
				change = SetServers{Library: "three", Servers: servers(list...)}
			case 2:
				change = SetFailover{Library: "three", Failover: Failover{Policy: FailoverPolicy(rapid.IntRange(0, 3).Draw(t, "policy"))}}
			case 3:
				change = SetPinned{Library: "three", Pinned: rapid.Bool().Draw(t, "pinned")}
			default:
				change = SetMaintenance{Library: "three", Server: drawServer(t, "server"), Maintenance: rapid.Bool().Draw(t, "maintenance")}
			}
			step(t, ChangeLibraries{Changes: []LibraryChange{change}})
		},
		"the node is restored": func(t *rapid.T) {
			var first, second bytes.Buffer
			if _, err := m.Snapshot().WriteTo(&first); err != nil {
				t.Fatal(err)
			}
			restored := New()
			if err := restored.Restore(bytes.NewReader(first.Bytes())); err != nil {
				t.Fatal(err)
			}
			if _, err := restored.Snapshot().WriteTo(&second); err != nil {
				t.Fatal(err)
			}
			if !sameLibraries(restored.Libraries().All(), m.Libraries().All()) || !bytes.Equal(first.Bytes(), second.Bytes()) {
				t.Fatalf("restored %s\nwant %s", shown(restored.Libraries().All()), shown(m.Libraries().All()))
			}
			m = restored
		},
	})
}

// checkStep checks what a command has made of the library.
func checkStep(t *rapid.T, before, after Library, c encoder, refused error) {
	fail := func(what string) {
		t.Fatalf("%+v (refused: %v): %s: %s became %s", c, refused, what, shown([]Library{before}), shown([]Library{after}))
	}
	retires := false
	switch c := c.(type) {
	case BeginSwitch:
		retires = !c.Drain
	case AdvanceSwitch:
		retires = c.At != c.Next && c.Next == SwitchRetired
	}
	advance, _ := c.(AdvanceSwitch)
	activates := advance.At == SwitchChosen && advance.Next == SwitchActive
	switch {
	case after.ActiveEpoch < before.ActiveEpoch:
		fail("the epoch decreased")
	case before.Active == after.Active && before.ActiveEpoch == after.ActiveEpoch:
		if refused == nil && (retires || activates) {
			fail("nothing happened")
		}
	case after.ActiveEpoch != before.ActiveEpoch+1 || refused != nil:
		fail("an active server that changes goes with the next epoch, and with no refusal")
	case before.Active != "" && (after.Active != "" || !retires):
		fail("an active server is taken away by a retire only")
	case before.Active == "" && (!activates || after.Active != before.Switch.To || after.Switch != nil):
		fail("an active server is made by the end of its switch only")
	}
	switch s := after.Switch; {
	case (after.Active == "") != (s != nil && s.Phase >= SwitchRetired):
		fail("there is no active server from the retire to the end of a switch, and only then")
	case before.Switch != nil && s != nil && (s.Began != before.Switch.Began || s.From != before.Switch.From || s.Phase < before.Switch.Phase):
		fail("one switch has become another, or gone back")
	case before.Switch != nil && s == nil && before.Active == "" && !activates:
		fail("a switch ended without an active server")
	case after.Guarded && !after.MayFailOver():
		fail("it is guarded and may not fail over")
	case after.Guarded && !before.Guarded && before.MayFailOverSince != after.MayFailOverSince:
		fail("it is guarded before all can know that it may fail over")
	}
	if active, ok := after.Server(after.Active); ok == (after.Active == "") || ok && active != (Server{Address: after.Active}) {
		fail("the active server is one of its servers, of which nothing is noted")
	}
	for _, s := range before.Servers {
		if now, ok := after.Server(s.Address); refused != nil && (!ok || now != s) {
			fail("a refused command changed a server")
		}
	}
}

func TestSwitchesOfSeveralLeaders(t *testing.T) { rapid.Check(t, checkSwitchesOfSeveralLeaders) }

func FuzzSwitchesOfSeveralLeaders(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(checkSwitchesOfSeveralLeaders))
}

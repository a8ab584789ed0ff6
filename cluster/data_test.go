package cluster

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mysqlda/mysqlda/cluster/clusterpb"
	"github.com/mysqlda/mysqlda/fsm"
)

func noObjects(string) uint64 { return 0 }

func everybody(string) bool { return true }

// bytesAt is what a board's node knows of one server.
func bytesAt(b *healthBoard, address string, alive func(string) bool) uint64 {
	return b.data([]string{address}, alive)[0].bytes
}

func TestReadingsTravelWithTheHealth(t *testing.T) {
	a, b := newHealthBoard("a", 1, noObjects), newHealthBoard("b", 1, noObjects)
	if news := a.setData("one", 5000); len(news) != 0 {
		t.Errorf("%d messages on a server that is not watched yet", len(news))
	}
	for _, p := range a.set([]ServerHealth{{Address: "one", Healthy: true}, {Address: "two", Healthy: true}}) {
		b.merge(p)
	}
	for _, c := range []struct {
		name  string
		bytes uint64
		told  bool
		heard uint64
	}{
		{"known when the server was named", 5000, false, 5000},
		{"a change below a hundredth", 5049, false, 5000},
		{"changes that add up to a hundredth", 5050, true, 5050},
		{"a hundredth less", 4999, true, 4999},
		{"not known any more", 0, true, 0},
		{"still not known", 0, false, 0},
		{"known again", 1, true, 1},
		{"more than can be", math.MaxUint64, true, maxDataBytes},
	} {
		news := a.setData("one", c.bytes)
		if told := len(news) == 1; told != c.told || len(news) > 1 {
			t.Errorf("%s: %d messages", c.name, len(news))
		}
		for _, p := range news {
			b.merge(p)
		}
		if got := bytesAt(b, "one", everybody); got != c.heard {
			t.Errorf("%s: the other node knows %d", c.name, got)
		}
		if got := bytesAt(a, "one", everybody); got != min(c.bytes, maxDataBytes) {
			t.Errorf("%s: the node itself knows %d", c.name, got)
		}
	}
	for _, p := range a.set([]ServerHealth{{Address: "one", Healthy: false}, {Address: "two", Healthy: true}}) {
		b.merge(p)
	}
	if got := bytesAt(b, "one", everybody); got != maxDataBytes {
		t.Errorf("after the server died the other node knows %d", got)
	}
	third := newHealthBoard("c", 1, noObjects)
	for _, p := range proto.Clone(a.all()).(*clusterpb.HealthExchange).Nodes {
		third.merge(p)
	}
	if got := bytesAt(third, "one", everybody); got != maxDataBytes {
		t.Errorf("after a complete exchange a node knows %d", got)
	}
	for _, p := range a.set([]ServerHealth{{Address: "two", Healthy: true}}) {
		b.merge(p)
	}
	if own, other := bytesAt(a, "one", everybody), bytesAt(b, "one", everybody); own != 0 || other != 0 {
		t.Errorf("of a server that is watched no more %d and %d are known", own, other)
	}
	a.set([]ServerHealth{{Address: "one", Healthy: true}, {Address: "two", Healthy: true}})
	if own := bytesAt(a, "one", everybody); own != 0 {
		t.Errorf("of a server that came back %d is known", own)
	}
}

func TestReadingsBeginAnewWhenManyObjectsHaveCome(t *testing.T) {
	objects := uint64(200)
	count := func(string) uint64 { return objects }
	a, b := newHealthBoard("a", 1, count), newHealthBoard("b", 1, count)
	a.set([]ServerHealth{{Address: "one", Healthy: true}})
	tell := func() bool {
		news := a.setData("one", 1_000_000)
		for _, p := range news {
			b.merge(p)
		}
		return len(news) > 0
	}
	if !tell() {
		t.Error("the first reading was not told")
	}
	objects = 201
	if tell() {
		t.Error("one object of 200 was worth telling")
	}
	if own, other := a.data([]string{"one"}, everybody)[0].objects, b.data([]string{"one"}, everybody)[0].objects; own != 201 || other != 200 {
		t.Errorf("the node counts from %d, the other one from %d", own, other)
	}
	objects = 202
	if !tell() {
		t.Error("two objects of 200 were not worth telling")
	}
	if other := b.data([]string{"one"}, everybody)[0].objects; other != 202 {
		t.Errorf("the other one counts from %d", other)
	}
}

func TestOwnReadingGoesBeforeTheMedianOfTheLiving(t *testing.T) {
	b := newHealthBoard("self", 1, noObjects)
	for id, bytes := range map[string]uint64{"w": 40, "x": 10, "y": 30, "z": 0, "dead": 1} {
		b.merge(&clusterpb.Health{Node: id, Starts: 1, Version: 1, Servers: []*clusterpb.ServerHealth{{Address: "one", Version: 1, DataBytes: bytes}}})
	}
	living := func(id string) bool { return id != "dead" }
	if got := bytesAt(b, "one", living); got != 30 {
		t.Errorf("the median is %d", got)
	}
	if got := bytesAt(b, "one", everybody); got != 10 {
		t.Errorf("of four the lower one in the middle is %d", got)
	}
	if got := bytesAt(b, "one", func(string) bool { return false }); got != 0 {
		t.Errorf("when all others are dead %d is known", got)
	}
	b.setData("one", 7)
	if got := bytesAt(b, "one", living); got != 7 {
		t.Errorf("with a reading of its own the node knows %d", got)
	}
}

func TestLoadsGrowWithTheObjectsThatCameSinceTheReading(t *testing.T) {
	library := func(id fsm.LibraryID, active string) fsm.Library {
		return fsm.Library{ID: id, State: fsm.LibraryOpen, Weight: 1, Active: active}
	}
	const mega = 1 << 20
	for _, c := range []struct {
		name     string
		active   []string
		counts   []uint64
		readings []dataReading
		want     []uint64
		settle   uint64
	}{
		{
			"nothing came",
			[]string{"a", "b"},
			[]uint64{10, 30},
			[]dataReading{{10 * mega, 10}, {30 * mega, 30}},
			[]uint64{10 * mega, 30 * mega},
			64 * mega,
		},
		{
			"an empty library's objects count as much as any",
			[]string{"a", "b"},
			[]uint64{10, 5},
			[]dataReading{{10 * mega, 10}, {1, 0}},
			[]uint64{10 * mega, 1 + 5*mega},
			64 * mega,
		},
		{
			"no object anywhere",
			[]string{"a", "b"},
			[]uint64{9, 0},
			[]dataReading{{1, 0}, {1, 0}},
			[]uint64{1, 1},
			64 * minObjectBytes,
		},
		{
			"small objects",
			[]string{"a", "b"},
			[]uint64{10, 20},
			[]dataReading{{1000, 10}, {1000, 10}},
			[]uint64{1000, 2000},
			64 * minObjectBytes,
		},
		{
			"two libraries on one server",
			[]string{"a", "a"},
			[]uint64{10, 20},
			[]dataReading{{20 * mega, 20}, {20 * mega, 20}},
			[]uint64{30 * mega, 30 * mega},
			64 * mega,
		},
		{
			"fewer objects than were read",
			[]string{"a", "b"},
			[]uint64{5, 10},
			[]dataReading{{10 * mega, 10}, {10 * mega, 10}},
			[]uint64{10 * mega, 10 * mega},
			64 * mega,
		},
		{
			"more than fits",
			[]string{"a", "b"},
			[]uint64{1 << 40, 1},
			[]dataReading{{maxDataBytes, 1}, {maxDataBytes, 1}},
			[]uint64{math.MaxUint64, maxDataBytes},
			math.MaxUint64,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := make([]fsm.Library, len(c.active))
			counts := fsm.Counts{ByLibrary: map[fsm.LibraryID]uint64{}}
			for i, active := range c.active {
				list[i] = library(fsm.LibraryID(i+1), active)
				counts.ByLibrary[list[i].ID] = c.counts[i]
			}
			got := dataLoads(fsm.NewLibrarySet(1, list), counts, c.readings)
			if !reflect.DeepEqual(got, loads{of: c.want, settle: c.settle}) {
				t.Errorf("got %+v, want %v, settle %d", got, c.want, c.settle)
			}
		})
	}
}

func setBalance(t *testing.T, n *Node, b fsm.Balance) {
	t.Helper()
	if err := n.ChangeSettings(within(t, patience), fsm.ChangeSettings{Balance: &b}); err != nil {
		t.Fatal(err)
	}
}

// watchLibraries makes a node report its libraries' servers as healthy.
func watchLibraries(n *Node) {
	var health []ServerHealth
	for _, l := range n.Libraries().All() {
		health = append(health, ServerHealth{Address: l.Active, Healthy: true})
	}
	n.SetHealth(health)
}

// shareOfTwo is library two's share of new core objects, in thousandths.
func shareOfTwo(leader *Node) uint64 {
	two := uint32(leader.Libraries().ByName("two").ID)
	for _, s := range leader.member.Load().newChooser().ring.Shares() {
		if s.ID == two {
			return s.Weight / (s.Of / 1000)
		}
	}
	return 0
}

func TestBalanceGoesByDataOnceAllSizesAreKnown(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t, 3, nil)
	leader, others := split(t, nodes)
	for _, n := range nodes {
		watchLibraries(n)
	}
	one, two := leader.Libraries().ByName("one"), leader.Libraries().ByName("two")
	share := func(what string, from, to uint64) {
		t.Helper()
		eventually(t, what, func() error {
			if got := shareOfTwo(leader); got < from || got > to {
				return fmt.Errorf("library two gets %d thousandths, not %d to %d; %+v", got, from, to, leader.LibraryData())
			}
			return nil
		})
	}
	// By data, library two is the full one.
	for _, n := range others {
		n.ReportData(two.Active, 1<<30)
	}
	if d := leader.LibraryData(); !reflect.DeepEqual(d, LibraryData{}) {
		t.Errorf("balancing goes by placements, and the data is %+v", d)
	}
	setBalance(t, others[0], fsm.BalanceData)
	share("placements while one size is not known", 490, 510)
	eventually(t, "the sizes of others", func() error {
		want := LibraryData{Bytes: map[fsm.LibraryID]uint64{two.ID: 1 << 30}, Unknown: []string{"one"}}
		for _, n := range nodes {
			if d := n.LibraryData(); !reflect.DeepEqual(d, want) {
				return fmt.Errorf("%s has %+v", n.ID(), d)
			}
		}
		return nil
	})

	// What the followers have read is enough for the leader.
	others[1].ReportData(one.Active, 1)
	share("the emptier one to get what it may", 240, 260)

	// A size that is not known any more means placements again, for all.
	others[1].ReportData(one.Active, 0)
	share("placements again", 490, 510)

	// The leader believes itself.
	leader.ReportData(one.Active, 1<<40)
	leader.ReportData(two.Active, 1<<20)
	share("what the leader has read", 740, 760)

	// A page more or less is no difference.
	leader.ReportData(one.Active, 16<<10)
	leader.ReportData(two.Active, 1)
	share("little data to hardly count", 490, 510)
	leader.ReportData(one.Active, 1<<30)
	share("much data to count", 740, 760)

	setBalance(t, leader, fsm.BalancePlacements)
	share("placements by command", 490, 510)
}

func TestLibrariesThatTakeNothingNewNeedNoSize(t *testing.T) {
	t.Parallel()
	n := startOne(t, fastConfig(t, "n1"))
	setBalance(t, n, fsm.BalanceData)
	if got := n.LibraryData().Unknown; !reflect.DeepEqual(got, []string{"one", "two"}) {
		t.Fatalf("not known: %q", got)
	}
	err := n.ChangeLibraries(within(t, patience), fsm.ChangeLibraries{Changes: []fsm.LibraryChange{
		fsm.SetState{Library: "one", State: fsm.LibraryDraining}, fsm.SetWeight{Library: "two"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := n.LibraryData().Unknown; got != nil {
		t.Errorf("not known: %q", got)
	}
}

// No reading comes while the objects do: an empty library fills up to what the
// other one has, and not beyond.
func TestAnEmptyLibraryIsNotOverrunBetweenTwoReadings(t *testing.T) {
	t.Parallel()
	n := startOne(t, fastConfig(t, "n1"))
	ctx := within(t, patience)
	change := func(state fsm.LibraryState) {
		t.Helper()
		err := n.ChangeLibraries(ctx, fsm.ChangeLibraries{Changes: []fsm.LibraryChange{fsm.SetState{Library: "two", State: state}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	const before, after = 400, 1600
	change(fsm.LibraryClosed)
	for i := range before {
		resolve1(t, n, fmt.Sprintf("old-%d", i))
	}
	change(fsm.LibraryOpen)
	watchLibraries(n)
	n.ReportData(n.Libraries().ByName("one").Active, before<<20)
	n.ReportData(n.Libraries().ByName("two").Active, 1)
	setBalance(t, n, fsm.BalanceData)
	for i := range after {
		resolve1(t, n, fmt.Sprintf("new-%d", i))
	}
	one, two := n.Libraries().ByName("one").ID, n.Libraries().ByName("two").ID
	counts := n.Status().Counts.ByLibrary
	if counts[two] < 900 || counts[two] > 1100 {
		t.Errorf("of %d core objects %d live in the library that was empty, %d in the other", before+after, counts[two], counts[one])
	}
}

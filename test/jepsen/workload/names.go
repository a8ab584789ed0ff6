package workload

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
)

const (
	// abreast is how many names are asked for at a time.
	abreast = 4
	// asksEach is how often a name is asked for before the next one takes its place,
	// on average over all clients. It keeps the history of an object so short that an
	// order of it can be searched for.
	asksEach = 16
	// nearby is how far from the names that are asked for those are that are looked
	// at, too.
	nearby = 6
)

// names are a few names that everybody asks for, which new ones take the place of as
// they are asked for. Its methods may be called from any goroutine.
type names struct {
	cores, objects, sessions atomic.Uint64 // how often a name was given out
}

func newNames() *names {
	n := &names{}
	// So that there are names before the first.
	for _, asks := range []*atomic.Uint64{&n.cores, &n.objects, &n.sessions} {
		asks.Store(nearby * asksEach)
	}
	return n
}

// core gives out the name of a core object.
func (n *names) core(random *rand.Rand) string { return coreName(pick(&n.cores, random)) }

// object gives out the name of a correlated object.
func (n *names) object(random *rand.Rand) string { return objectName(pick(&n.objects, random)) }

// session gives out the name of a core object for a session.
func (n *names) session(random *rand.Rand) string {
	return fmt.Sprintf("session-%d", pick(&n.sessions, random))
}

// coreNear returns a core object's name that is given out now, was before, or will be.
func (n *names) coreNear(random *rand.Rand) string { return coreName(near(&n.cores, random)) }

// objectNear is coreNear for a correlated object.
func (n *names) objectNear(random *rand.Rand) string { return objectName(near(&n.objects, random)) }

func coreName(i uint64) string   { return fmt.Sprintf("core-%d", i) }
func objectName(i uint64) string { return fmt.Sprintf("object-%d", i) }

func pick(asks *atomic.Uint64, random *rand.Rand) uint64 {
	return (asks.Add(1)-1)/asksEach + random.Uint64N(abreast)
}

func near(asks *atomic.Uint64, random *rand.Rand) uint64 {
	return asks.Load()/asksEach - nearby + random.Uint64N(abreast+2*nearby)
}

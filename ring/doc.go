// Package ring chooses the library of a new core object.
//
// It is a pure function of the libraries (weights, states, how loaded each is)
// and of the core object's name: no clock, no random source, no float, no map,
// and the order of the input does not matter. The
// leader of the cluster calls it before it logs a decision; the state machine
// never does, so what is written here may change between releases.
//
// # Choosing
//
// Pick is weighted rendezvous hashing: every library that takes new core
// objects draws u in (0, 1) from a hash of its id and the name, and the one
// with the smallest -log2(u)/e wins, where e is its effective weight. A library
// wins with probability e over the sum of all e. The logarithm is fixed-point,
// and the quotients are compared by multiplying crosswise in 128 bits.
//
// # Automatic balancing
//
// Let w_i be the operator's weight of library i, n_i its load, and
// W = Σ w_i, all over the libraries that are open and have a weight above 0.
// The fullness of a library is n_i / w_i, and F is the largest one. What a
// library lacks to be as full as the fullest is its gap g_i = F·w_i − n_i. Its
// effective weight is the operator's times an automatic one,
//
//	a_i = 1 + min(65535, g_i / (S + n_i/64))
//	e_i = w_i · a_i
//
// Then no library gets more than its cap: the e of one whose share of the sum is
// larger is lowered until its share is
//
//	cap_i = min(1, max(max_share, 3/2 · w_i/W))
//
// which leaves the proportions of the others as they are. Shares tells what
// comes out.
//
// In words: the fullest library has the automatic weight 1, one that lacks 1% of
// its due 1.65, one that is half full 65, and an empty one takes max_share of the
// new core objects, 500 thousandths by default. So a new library takes nearly
// that much until it has nearly caught up, and gets less and less then. When all
// are equally full the operator's weights alone count. There is no threshold at
// which anything jumps.
//
// S, 64 core objects unless the policy says otherwise, keeps the first few
// placements of a young cluster from looking like large gaps: it is the gap that
// doubles the weight of an empty library. It also keeps the shares from swinging
// when some hundred core objects are placed by one ring.
//
// What loads are is the caller's business: numbers of core objects, or units of
// data. Multiplying all loads and S by the same factor changes nothing, so a
// caller that counts bytes says with Policy.SettleLoad how many are next to none.
//
// The cap binds balancing, not the operator: a library may always get half as
// much again as its weight alone would give it. So the cap of two libraries of
// equal weight is 3/4 each and not 1/2, with which the emptier one could never
// catch up; a single library gets everything.
//
// An automatic weight depends on the library itself and the fullest one, and on
// no other. So a library that is added, unless it is the fullest one at once,
// takes core objects from the others only: no other library gains a single one,
// however full each is. Only libraries that are held at their caps may get some of
// the others' or lose some to them.
//
// # The original's rule
//
// mysqlda 0.0.7 gave library i the power 1 + N − n_i, N being the number of all
// core objects. With k libraries an empty one gets the share
// (1 + N) / (k + (k−1)·N), which is next to 1/(k−1): a tenth library got 11%
// where the other nine got 10% each, and caught up only after the directory
// had grown to a multiple. Its rule knew no operator's weights either.
package ring

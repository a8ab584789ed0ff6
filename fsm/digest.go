package fsm

import "fmt"

// Digest tells directories apart: it is the sum, modulo 2^64, of a hash of each
// placement and each binding. It depends on what the directory holds and on
// nothing else, neither on the order nor on the cluster: a backup, and the
// cluster that is restored from it, have the same.
//
// It finds faults. It is no protection from somebody who looks for another
// directory of the same digest.
type Digest uint64

// String returns the digest as 16 hex digits.
func (d Digest) String() string { return fmt.Sprintf("%016x", uint64(d)) }

// digestSeed is the same in every cluster and for ever: "mysqldaD" as a number.
const digestSeed = 0x6d7973716c646144

// What a record's hash begins with.
const (
	digestPlacement = 1
	digestBinding   = 2
)

// digester hashes records for a Digest.
type digester struct {
	key hashKey
}

func newDigester() digester { return digester{key: expandKey(digestSeed)} }

func (d *digester) placement(core string, library LibraryID, epoch uint64) Digest {
	h := d.key.absorb(digestPlacement, core)
	return Digest(scramble(scramble(h^uint64(library)) ^ epoch))
}

func (d *digester) binding(class, object, core string) Digest {
	h := d.key.absorb(d.key.absorb(digestBinding, class), object)
	return Digest(d.key.absorb(h, core))
}

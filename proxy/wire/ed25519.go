package wire

import (
	"crypto/ed25519"
	"crypto/sha512"

	"filippo.io/edwards25519"
)

// ed25519SaltLen is the length of what a client of client_ed25519 signs.
const ed25519SaltLen = 32

// verifyEd25519 checks a signature of client_ed25519. MariaDB takes the password
// where Ed25519 has a seed of 32 bytes; everything behind that is Ed25519.
func verifyEd25519(signature, salt []byte, password string) bool {
	hash := sha512.Sum512([]byte(password))
	scalar, err := edwards25519.NewScalar().SetBytesWithClamping(hash[:32])
	if err != nil {
		return false // only for another length than 32
	}
	public := new(edwards25519.Point).ScalarBaseMult(scalar).Bytes()
	return ed25519.Verify(public, salt, signature)
}

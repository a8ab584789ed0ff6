package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what mysql_native_password is made with
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"

	"filippo.io/edwards25519"
)

// Verifier is what has to be known of a password to check that a client knows it,
// by each of the plugins. None of it is the password, and none of it is enough to
// log in with. But the hashes have no salt and are made fast: who gets hold of one
// can try out passwords at leisure, and who also sees a login over a connection
// without TLS can compute what to log in with. So it is a secret, too.
type Verifier struct {
	Native  [sha1.Size]byte             // SHA1(SHA1(password)), of mysql_native_password
	SHA2    [sha256.Size]byte           // SHA256(SHA256(password)), of caching_sha2_password
	Ed25519 [ed25519.PublicKeySize]byte // the public key of client_ed25519
}

// NewVerifier makes the verifier of a password.
func NewVerifier(password string) Verifier {
	native, sha2 := sha1.Sum([]byte(password)), sha256.Sum256([]byte(password))
	return Verifier{
		Native:  sha1.Sum(native[:]),
		SHA2:    sha256.Sum256(sha2[:]),
		Ed25519: ed25519PublicKey(password),
	}
}

// ed25519PublicKey makes the key of a password. MariaDB takes the password where
// Ed25519 has a seed of 32 bytes; everything behind that is Ed25519.
func ed25519PublicKey(password string) [ed25519.PublicKeySize]byte {
	hash := sha512.Sum512([]byte(password))
	scalar, err := edwards25519.NewScalar().SetBytesWithClamping(hash[:32])
	if err != nil {
		panic("wire: " + err.Error()) // only for another length than 32
	}
	return [ed25519.PublicKeySize]byte(new(edwards25519.Point).ScalarBaseMult(scalar).Bytes())
}

// String implements fmt.Stringer. It tells nothing, so that no log does.
func (Verifier) String() string { return "(hidden)" }

// GoString implements fmt.GoStringer, as String.
func (Verifier) GoString() string { return "(hidden)" }

// noPassword is the verifier of a user that needs no password.
var noPassword = NewVerifier("")

// nobody is the verifier of a password that nobody knows. It is made once: making one
// takes long enough to tell by time that a user is unknown.
var nobody = NewVerifier(rand.Text())

// passwordsOf returns what to check a user's password with, also if it is unknown.
func passwordsOf(user string, lookup func(string) []Verifier) (passwords []Verifier, known bool) {
	if passwords = lookup(user); len(passwords) > 0 {
		return passwords, true
	}
	return []Verifier{nobody}, false
}

// proves reports whether the proof is right for one of the passwords, in a time
// that does not depend on where it differs.
func (p proof) proves(passwords []Verifier) bool {
	right := false
	for i := range passwords {
		right = p.provesOne(&passwords[i]) || right
	}
	return right
}

func (p proof) provesOne(v *Verifier) bool {
	if p.plugin != pluginEd25519 && (len(p.auth) == 0 || *v == noPassword) {
		return len(p.auth) == 0 && *v == noPassword
	}
	switch p.plugin {
	case pluginNative:
		return v.provesNative(p.auth, p.salt)
	case pluginCachingSHA2:
		return v.provesSHA2(p.auth, p.salt)
	case pluginClear:
		return v.is(p.auth)
	case pluginEd25519:
		return ed25519.Verify(v.Ed25519[:], p.salt, p.auth)
	default:
		return false
	}
}

// provesNative checks SHA1(password) XOR SHA1(salt, SHA1(SHA1(password))).
func (v *Verifier) provesNative(auth, salt []byte) bool {
	if len(auth) != sha1.Size {
		return false
	}
	mask := sha1.Sum(append(bytes.Clone(salt), v.Native[:]...))
	var once [sha1.Size]byte
	subtle.XORBytes(once[:], auth, mask[:])
	twice := sha1.Sum(once[:])
	return subtle.ConstantTimeCompare(twice[:], v.Native[:]) == 1
}

// provesSHA2 checks SHA256(password) XOR SHA256(SHA256(SHA256(password)), salt).
func (v *Verifier) provesSHA2(auth, salt []byte) bool {
	if len(auth) != sha256.Size {
		return false
	}
	mask := sha256.Sum256(append(v.SHA2[:len(v.SHA2):len(v.SHA2)], salt...))
	var once [sha256.Size]byte
	subtle.XORBytes(once[:], auth, mask[:])
	twice := sha256.Sum256(once[:])
	return subtle.ConstantTimeCompare(twice[:], v.SHA2[:]) == 1
}

// is checks a clear password.
func (v *Verifier) is(password []byte) bool {
	once := sha256.Sum256(password)
	twice := sha256.Sum256(once[:])
	return subtle.ConstantTimeCompare(twice[:], v.SHA2[:]) == 1
}

// isOne checks a clear password against several.
func isOne(password []byte, of []Verifier) bool {
	right := false
	for i := range of {
		right = of[i].is(password) || right
	}
	return right
}

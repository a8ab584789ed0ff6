package wire

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// Servers keep these for the password "secret": MariaDB's PASSWORD() and
// ed25519_password(); the second one is SHA2(UNHEX(SHA2('secret', 256)), 256).
func TestVerifiersAreWhatServersKeep(t *testing.T) {
	v := NewVerifier("secret")
	for _, c := range []struct{ name, got, want string }{
		{"native", hex.EncodeToString(v.Native[:]), "14e65567abdb5135d0cfd9a70b3032c179a49ee7"},
		{"sha2", hex.EncodeToString(v.SHA2[:]), "3881219d087dd9c634373fd33dfa33a2cb6bfc6c520b64b8bb60ef2ceb534ae7"},
		{"ed25519", base64.RawStdEncoding.EncodeToString(v.Ed25519[:]), "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
}

// Making a verifier takes much longer than a login otherwise does: if a login of an
// unknown user made one, the time would tell that there is no such user.
func TestNothingIsMadeForAnUnknownUser(t *testing.T) {
	none := func(string) []Verifier { return nil }
	first, known := passwordsOf("a", none)
	if known || len(first) != 1 || first[0] == noPassword {
		t.Fatalf("known: %t, %d verifiers", known, len(first))
	}
	if second, _ := passwordsOf("b", none); second[0] != first[0] {
		t.Error("another verifier was made for the next one")
	}
	own := NewVerifier("secret")
	if own, known := passwordsOf("c", func(string) []Verifier { return []Verifier{own} }); !known || own[0] == first[0] {
		t.Error("a known user is not known")
	}
}

func TestVerifiersAreNotShown(t *testing.T) {
	v := NewVerifier("secret")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(format, struct{ V []Verifier }{[]Verifier{v}}); !strings.Contains(shown, "(hidden)") || strings.Contains(shown, "230") {
			t.Errorf("%s: %s", format, shown)
		}
	}
}

package config

import (
	"strings"
	"testing"
)

func TestKeysOfTLSThatProtectNothingAreWarnedOf(t *testing.T) {
	for _, c := range []struct{ name, tls, want string }{
		{"nothing", `{}`, ""},
		{"off", `{"mode": "off"}`, ""},
		{"a certificate", `{"cert": "c", "key": "k"}`, ""},
		{"a certificate for nobody", `{"mode": "off", "cert": "c", "key": "k"}`, "tls.mode is off"},
		{"authorities for nobody", `{"mode": "off", "client_ca": "a"}`, "tls.mode is off"},
		{"clients are asked", `{"client_ca": "a", "client_certificates": "optional"}`, ""},
		{"clients are not asked", `{"client_ca": "a"}`, "tls.client_ca has no effect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(mustParse(t, `{"tls": `+c.tls+`}`).Warnings, "; ")
			if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
				t.Errorf("warned %q, want %q", got, c.want)
			}
		})
	}
}

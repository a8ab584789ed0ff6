package bundle

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
)

// shortest is how long a password is at least that is looked for in texts: a shorter
// one is likely to be a part of other words, and no text is expected to hold any.
const shortest = 4

// hider takes passwords out of texts.
type hider struct{ replacer *strings.Replacer }

func newHider(cfg *config.Config) hider {
	var spellings []string
	for _, secret := range append(filed(cfg), cfg.Auth.Password, cfg.Failover.Password, cfg.Failover.ReplicationPassword) {
		if len(secret) >= shortest {
			spellings = append(spellings, string(secret), inJSON(string(secret), true), inJSON(string(secret), false))
		}
	}
	// One that another begins with would leave that one's end.
	slices.SortFunc(spellings, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, s := range spellings {
		pairs = append(pairs, s, config.Secret(s).String())
	}
	return hider{strings.NewReplacer(pairs...)}
}

// filed are the tokens and keys in the files that the config names. What cannot be
// read here cannot get into the bundle from here either.
func filed(cfg *config.Config) []config.Secret {
	var secrets []config.Secret
	for _, path := range []string{cfg.HTTP.Access.TokenFile, cfg.Cluster.GossipKeyFile, cfg.Cluster.JoinKeyFile} {
		if path == "" {
			continue
		}
		lines, err := secretfile.Lines(path)
		if err != nil {
			continue
		}
		for _, line := range lines {
			if line != cluster.PlainGossip {
				secrets = append(secrets, config.Secret(admin.TokenOfLine(line)))
			}
		}
	}
	return secrets
}

// inJSON is how a text looks between the quotes of JSON; some writers of it spell <, >
// and & by number.
func inJSON(text string, numbered bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(numbered)
	if err := encoder.Encode(text); err != nil {
		return text // which cannot be: it is a text
	}
	return strings.TrimSuffix(strings.TrimPrefix(out.String(), `"`), "\"\n")
}

func (h hider) text(s string) string { return h.replacer.Replace(s) }

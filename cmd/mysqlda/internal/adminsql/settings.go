package adminsql

import (
	"context"
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func ofSettings() []statement {
	return []statement{{
		verb: [2]string{"SETTINGS", "SET"}, arguments: []string{nameValue, "'VALUE'"}, repeats: true,
		what: "change settings, all of them or none: " + admin.SettableNames(),
		run: func(ctx context.Context, c *Console, g given) error {
			var change admin.SettingsChange
			seen := make(map[string]bool)
			for i := 0; i+1 < len(g.arguments); i += 2 {
				name := strings.ToLower(g.arguments[i])
				if seen[name] {
					return badValue{fmt.Errorf("%s is given twice", name)}
				}
				seen[name] = true
				if err := change.Set(name, strings.ToLower(g.arguments[i+1])); err != nil {
					return badValue{err}
				}
			}
			return c.node.ChangeSettings(ctx, change)
		},
	}}
}

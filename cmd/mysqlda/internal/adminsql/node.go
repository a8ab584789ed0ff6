package adminsql

import (
	"context"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

func ofNodes() []statement {
	return []statement{
		{
			verb: [2]string{"NODE", "REMOVE"}, arguments: []string{"'NODE'"},
			what: "take another node, which may be dead, out of the cluster for good",
			run: func(ctx context.Context, c *Console, g given) error {
				return c.node.Remove(ctx, g.arguments[0])
			},
			slow: func(given) time.Duration { return admin.MemberTimeout },
		},
		{
			verb: [2]string{"LOG", "LEVEL"}, arguments: []string{strings.Join(config.LogLevels(), "|")},
			what: "change what this node logs, until it restarts",
			run: func(ctx context.Context, c *Console, g given) error {
				return admin.ChangeLogLevel(ctx, c.logger, c.level, strings.ToLower(g.arguments[0]))
			},
		},
	}
}

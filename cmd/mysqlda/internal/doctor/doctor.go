package doctor

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// Examine looks at everything that the config file at path names, and at what the
// running node knows besides. It takes some seconds, and ten more for each maxLooks
// servers that are silent; ctx ends it sooner.
func Examine(ctx context.Context, path string) Report {
	cfg, err := config.Load(path)
	if err != nil {
		return newReport([]Finding{unusable(err)})
	}
	v := look(ctx, cfg)
	material, certificates := certificateChecks(cfg)
	wards := examineLibraries(ctx, v, material)
	return newReport(slices.Concat(
		configChecks(cfg),
		modeChecks(cfg),
		certificates,
		secretChecks(v),
		portChecks(ctx, v),
		diskChecks(ctx, v),
		nodeChecks(ctx, v),
		clockChecks(ctx, v),
		libraryChecks(v, wards),
	))
}

func unusable(err error) Finding {
	advice := "mend the file; `mysqlda init -f` writes one that explains each key"
	if errors.Is(err, os.ErrPermission) {
		advice = "run this as the user that the node runs as"
	}
	return problem("config file", err.Error(), advice)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapio"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/credentials"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/importer"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
)

// shownProblems bounds what a start with save files logs of their lines.
const shownProblems = 1000

// savedStart are the save files that a node brings into its cluster before it lets
// clients in.
type savedStart struct {
	placements []string
	bindings   []string
}

// files looks whether the files are there, so that nothing is begun without them.
func (s savedStart) files() ([]importer.File, error) {
	files := make([]importer.File, 0, len(s.placements)+len(s.bindings))
	for _, path := range s.placements {
		files = append(files, importer.File{Path: path})
	}
	for _, path := range s.bindings {
		class := savefile.ClassOf(path)
		if class == "" {
			return nil, &usageError{fmt.Errorf("--class-file %s: must be called *.CLASS.save", path)}
		}
		files = append(files, importer.File{Path: path, Class: class})
	}
	for _, f := range files {
		if _, err := os.Stat(f.Path); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("save file %s does not exist; without it all core objects would get new homes: name the right one, or none (-s, --save-file) if there is nothing to bring along", f.Path)
		} else if err != nil {
			return nil, fmt.Errorf("save file: %w", err)
		}
	}
	return files, nil
}

// bringSaveFiles does what `mysqlda import` does, and takes no excuses: clients must
// not come while core objects lack their homes. What it has to say goes to the log
// and to beside.
func bringSaveFiles(ctx context.Context, cfg *config.Config, files []importer.File, logger *zap.Logger, beside io.Writer) error {
	shown, err := credentials.Of(cfg, credentials.Files{})
	if err != nil {
		return fmt.Errorf("bringing in the save files: %w", err)
	}
	client := admin.NewClient(config.Dialable(cfg.HTTP.Listen), shown)
	status, err := client.Status(ctx)
	if err != nil {
		return fmt.Errorf("bringing in the save files: %w", err)
	}
	log := &zapio.Writer{Log: logger.Named("import"), Level: zap.InfoLevel}
	out := io.MultiWriter(log, beside)
	o := importOptions{fromLine: 1, retryFor: time.Minute, maxProblems: shownProblems}
	summary, err := o.bring(ctx, func() {}, client, status, files, out)
	if err == nil {
		err = summary.print(out)
	}
	if err = errors.Join(err, log.Close()); err != nil {
		return fmt.Errorf("bringing in the save files: %w", err)
	}
	if n := summary.Problems(); n > 0 {
		return fmt.Errorf("%d lines of the save files are not in the cluster (the log names them), and what they name would get new homes: "+
			"no client was let in; correct these lines and start again, or start without the files if you can do without these lines (`mysqlda start -f %s`)", n, cfg.Path)
	}
	return nil
}

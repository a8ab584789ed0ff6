package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/background"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

// beside is the name of a file next to the config file: n1.conf, n1.log, n1.pid.
func beside(cfg *config.Config, extension string) string {
	return strings.TrimSuffix(cfg.Path, ".conf") + extension
}

func startInBackground(cmd *cobra.Command, cfg *config.Config, o startOptions) error {
	o.logFile, o.pidFile = cmp.Or(o.logFile, beside(cfg, ".log")), cmp.Or(o.pidFile, beside(cfg, ".pid"))
	if err := o.makeAbsolute(); err != nil {
		return err
	}
	return background.Start(background.Options{
		Args: o.foreground(cfg), ConfigFile: o.file, LogFile: o.logFile, PIDFile: o.pidFile,
		Listen: cfg.Server.Listen, Say: cmd.Println,
	})
}

// foreground is the command line with which the process in the background runs. The
// pid file in it tells scripts that a process is the one they look for.
func (o startOptions) foreground(cfg *config.Config) []string {
	args := []string{"start", "-f", cfg.Path, "--pid-file", o.pidFile}
	if o.node.Bootstrap {
		args = append(args, "--bootstrap")
	}
	if len(o.node.Join) > 0 {
		args = append(args, "--join", strings.Join(o.node.Join, ","))
	}
	if o.joinToken != "" {
		args = append(args, "--join-token-file", o.joinToken)
	}
	if o.logLevel != "" {
		args = append(args, "--log-level", o.logLevel)
	}
	for _, path := range o.saved.placements {
		args = append(args, "--save-file", path)
	}
	for _, path := range o.saved.bindings {
		args = append(args, "--class-file", path)
	}
	return args
}

// makeAbsolute makes all paths independent of the working directory.
func (o *startOptions) makeAbsolute() error {
	paths := []*string{&o.pidFile, &o.logFile, &o.joinToken}
	for _, list := range [][]string{o.saved.placements, o.saved.bindings} {
		for i := range list {
			paths = append(paths, &list[i])
		}
	}
	for _, path := range paths {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("%s: %w", *path, err)
		}
		*path = absolute
	}
	return nil
}

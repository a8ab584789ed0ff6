// Package original understands the command line of the original program and says the
// same with the commands and flags of this one. It runs nothing; main calls it before
// anything else looks at the command line.
package original

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/savefile"
)

// levels are the log levels of the original's command line. Nothing is logged
// as fatal here, and nothing is between info and warn.
var levels = map[string]string{
	"debug": "debug", "info": "info", "notice": "info", "warn": "warn", "error": "error", "fatal": "error",
}

// Translate turns a command line of the original program into one of ours, and leaves
// others alone: the original's begins with an option, ours with a command. getenv reads
// the environment. Its errors are about the command line, but for those of looking for
// save files.
func Translate(args []string, getenv func(string) string) ([]string, error) {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") || args[0] == "-h" || args[0] == "--help" {
		return args, nil
	}
	o := line{home: getenv("HOME"), logDir: getenv("MYSQLDA_LOGDIR")}
	if err := o.parse(args); err != nil {
		return nil, err
	}
	return o.command()
}

// line is what a command line of the original says.
type line struct {
	home, logDir string // of the environment

	action, file, save, level string
	foreground, version       bool
}

func (o *line) parse(args []string) error {
	values := map[string]*string{"-a": &o.action, "-f": &o.file, "-s": &o.save}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if value := values[arg]; value != nil {
			if i++; i == len(args) {
				return fmt.Errorf("%s needs a value", arg)
			}
			*value = args[i]
			continue
		}
		level, isLevel := strings.CutPrefix(arg, "--loglevel-")
		switch {
		case arg == "--no-daemon":
			o.foreground = true
		case arg == "-v":
			o.version = true
		case isLevel && levels[level] != "":
			o.level = levels[level]
		default:
			return fmt.Errorf("%q is no option of the original's command line; any other begins with a command", arg)
		}
	}
	return nil
}

// command says the same with our words.
func (o *line) command() ([]string, error) {
	if o.version {
		return []string{"version"}, nil
	}
	if o.file == "" {
		if o.home == "" {
			return nil, errors.New("-f FILE is missing, and HOME is not set: the original's file is etc/mysqlda.conf there")
		}
		o.file = filepath.Join(o.home, "etc", "mysqlda.conf")
	}
	switch o.action {
	case "init":
		return []string{"init", "-f", o.file}, nil
	case "start":
		return o.start()
	case "":
		return nil, errors.New("-a init or -a start is missing")
	default:
		return nil, fmt.Errorf("-a must be init or start, not %q", o.action)
	}
}

func (o *line) start() ([]string, error) {
	args := []string{"start", "-f", o.file}
	if o.level != "" {
		args = append(args, "--log-level", o.level)
	}
	if !o.foreground {
		args = append(args, "--background")
		if o.logDir != "" {
			args = append(args, "--log-file", filepath.Join(o.logDir, "mysqlda.log"))
		}
	}
	save, classes, err := o.saveFiles()
	if err != nil {
		return nil, err
	}
	if save != "" {
		args = append(args, "--save-file", save)
	}
	for _, class := range classes {
		args = append(args, "--class-file", class)
	}
	return args, nil
}

// saveFiles finds the files that the original reads when it starts. Only the one of
// -s must exist.
func (o *line) saveFiles() (save string, classes []string, err error) {
	save = o.save
	if o.home == "" {
		return save, nil, nil
	}
	etc := filepath.Join(o.home, "etc")
	if save == "" {
		save = filepath.Join(etc, "mysqlda.save")
		if _, err := os.Stat(save); errors.Is(err, os.ErrNotExist) {
			save = ""
		}
	}
	entries, err := os.ReadDir(etc)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("looking for save files: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if path := filepath.Join(etc, name); strings.HasPrefix(name, "mysqlda.") && savefile.ClassOf(name) != "" && path != save {
			classes = append(classes, path)
		}
	}
	return save, classes, nil
}

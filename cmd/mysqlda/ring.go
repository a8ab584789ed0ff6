package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/chart"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/forecast"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/ring"
)

func newRing() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "ring",
		Short:   "Look ahead at where new core objects will go",
		Example: `  mysqlda ring simulate --libraries library_1=3M --add library_2 --objects 1M`,
		RunE: action(func(_ *cobra.Command, args []string) error {
			return &usageError{oneOf("ring needs simulate", args)}
		}),
	}
	cmd.AddCommand(newRingSimulate())
	return cmd
}

func newRingSimulate() *cobra.Command {
	var out output
	var in simulationInput
	var file string
	cmd := &cobra.Command{
		Use:   "simulate --libraries NAME=OBJECTS[:WEIGHT],... --objects COUNT",
		Short: "Show how libraries fill, beside the rule of mysqlda 0.0.7",
		Long: `Show how many core objects libraries will have after so many new ones, beside what
the rule of mysqlda 0.0.7 would have given them. No node is asked, nothing is changed.

No single core object is drawn: in small steps each library gets its exact share of
the new ones, so it takes seconds however many they are. Counts are whole numbers,
and k, M and G stand for a thousand, a million and a thousand million. A library of
weight 0 gets nothing; the rule of 0.0.7 knows no weights.`,
		Example: `  mysqlda ring simulate --libraries library_1=3M,library_2=3M:200 --add library_3 --objects 10M
  mysqlda ring simulate --libraries a=3000000,b=2500000 --add c:50 --objects 5M --chart growth.svg`,
		Args: exactly(),
		RunE: action(func(cmd *cobra.Command, _ []string) error {
			if err := out.check(); err != nil {
				return err
			}
			s, err := in.run()
			if err != nil {
				return &usageError{err}
			}
			if file != "" {
				if err := writeChart(file, s); err != nil {
					return err
				}
			}
			return out.print(cmd.OutOrStdout(), s.report(), func(w io.Writer) error { return s.print(w) })
		}),
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&in.libraries, "libraries", nil, "the libraries with their core objects, and their `weights` unless 100")
	flags.StringSliceVar(&in.added, "add", nil, "`names` of new libraries without core objects, with :WEIGHT unless 100")
	flags.StringVar(&in.objects, "objects", "", "`count` of new core objects")
	flags.StringVar(&in.maxShare, "max-share", fsm.FormatShare(ring.DefaultMaxShareMille), "largest `share` of new core objects that balancing gives to one library")
	flags.IntVar(&in.steps, "steps", 5, "`number` of steps that are shown")
	flags.StringVar(&file, "chart", "", "also draw it: an SVG `file` to write")
	out.flags(cmd)
	required(cmd, "libraries")
	required(cmd, "objects")
	return cmd
}

// chartPoints is the least number of points of a line of a chart.
const chartPoints = 200

// simulation is a plan with its course by both rules.
type simulation struct {
	plan           forecast.Plan
	every          int // every so many-th state is shown
	maxShareMille  uint32
	ours, original forecast.Course
}

func (in *simulationInput) run() (*simulation, error) {
	libraries, err := in.parseLibraries()
	if err != nil {
		return nil, err
	}
	objects, err := in.parseObjects(libraries)
	if err != nil {
		return nil, err
	}
	mille, ok := fsm.ParseShare(in.maxShare)
	if !ok {
		return nil, fmt.Errorf("--max-share must be a number from 0.001 to 1 with at most three decimals, not %q", in.maxShare)
	}
	s := &simulation{maxShareMille: mille, every: (chartPoints + in.steps - 1) / in.steps}
	s.plan = forecast.Plan{Libraries: libraries, NewObjects: objects, Points: in.steps * s.every}
	s.ours = forecast.Run(s.plan, forecast.ByRing(libraries, ring.Policy{MaxShareMille: mille}))
	s.original = forecast.Run(s.plan, forecast.ByOriginal(libraries))
	return s, nil
}

// writeChart writes the file, or leaves none behind that is not whole.
func writeChart(path string, s *simulation) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = chart.Write(f, s.chart())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		if removeErr := os.Remove(path); removeErr != nil {
			return fmt.Errorf("writing %s: %w (and taking it away: %w)", path, err, removeErr)
		}
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

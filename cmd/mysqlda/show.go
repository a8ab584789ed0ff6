package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// show prints what the target's node answers, in the form of -o.
func show[T any](cmd *cobra.Command, t *target, out *output, ask func(*admin.Client, context.Context) (T, error), table func(io.Writer, T) error) error {
	if err := out.check(); err != nil {
		return err
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	answer, err := ask(client, cmd.Context())
	if err != nil {
		return err
	}
	return out.print(cmd.OutOrStdout(), answer, func(w io.Writer) error { return table(w, answer) })
}

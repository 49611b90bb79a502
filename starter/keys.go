package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"deskbridge/internal/payloads"
)

func keysCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "keys", Short: "Make and rotate the keys that encrypt what the Temporal server stores",
		Long: "Make and rotate the keys that encrypt what the Temporal server stores: payload_keys in the configuration.\n\n" +
			"A keyset has the primary key, by which is sealed, the standby key, which is the next primary, and old ones, which only open.\n" +
			"To rotate: `starter keys rotate FILE`, give the file to every worker and starter, and restart them in any order. All must have been restarted before the next rotation.\n" +
			"Drop an old key once no run is kept that is older than its rotation: what it sealed can never be read again. Who loses the file loses every run.",
	}
	command.AddCommand(
		&cobra.Command{
			Use: "new FILE", Short: "Make a keyset in a new file", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				keys, err := payloads.NewKeys()
				if err != nil {
					return err
				}
				if err := keys.WriteNew(args[0]); err != nil {
					return err
				}
				return showKeys(cmd.OutOrStdout(), keys)
			},
		},
		&cobra.Command{
			Use: "rotate FILE", Short: "Seal by the standby key from now on, and add a new standby", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return changeKeys(cmd.OutOrStdout(), args[0], (*payloads.Keys).Rotate)
			},
		},
		&cobra.Command{
			Use: "drop FILE KEY", Short: "Remove an old key: what it sealed can never be read again", Args: cobra.ExactArgs(2),
			RunE: func(cmd *cobra.Command, args []string) error {
				id, err := strconv.ParseUint(args[1], 10, 32)
				if err != nil {
					return exitError{exitUsage, fmt.Errorf("%q: want the number of a key; see `starter keys show`", args[1])}
				}
				return changeKeys(cmd.OutOrStdout(), args[0], func(keys *payloads.Keys) (*payloads.Keys, error) { return keys.Drop(uint32(id)) }) //nolint:gosec // ParseUint bounds it
			},
		},
		&cobra.Command{
			Use: "show FILE", Short: "List the keys, without their material", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				keys, err := readKeys(args[0])
				if err != nil {
					return err
				}
				return showKeys(cmd.OutOrStdout(), keys)
			},
		},
	)
	return command
}

func changeKeys(w io.Writer, path string, change func(*payloads.Keys) (*payloads.Keys, error)) error {
	keys, err := readKeys(path)
	if err != nil {
		return err
	}
	if keys, err = change(keys); err != nil {
		return exitError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	if err := keys.Replace(path); err != nil {
		return err
	}
	return showKeys(w, keys)
}

func readKeys(path string) (*payloads.Keys, error) {
	content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, exitError{exitUsage, err}
	}
	keys, err := payloads.ParseKeys(string(content))
	if err != nil {
		return nil, exitError{exitUsage, fmt.Errorf("%s: %w", path, err)}
	}
	return keys, nil
}

func showKeys(w io.Writer, keys *payloads.Keys) error {
	for _, key := range keys.List() {
		if _, err := fmt.Fprintf(w, "%d  %s\n", key.ID, key.Use); err != nil {
			return err
		}
	}
	return nil
}

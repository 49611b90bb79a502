// Command compose checks a Compose file as `docker compose config` does, by the same library, where
// there is no Docker: its schema, its variables against the .env beside it, what refers to what.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return errors.New("want a Compose file")
	}
	options, err := cli.NewProjectOptions(files, cli.WithWorkingDirectory(filepath.Dir(files[0])), cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return err
	}
	for name, service := range project.Services {
		if service.Image == "" || strings.HasSuffix(service.Image, ":") || strings.HasSuffix(service.Image, ":latest") {
			return fmt.Errorf("service %s: image %q has no tag that stays", name, service.Image)
		}
	}
	fmt.Printf("%d services are right\n", len(project.Services))
	return nil
}

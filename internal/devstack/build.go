// Package devstack builds and runs Deskbridge's programs and a Temporal server as processes on
// one machine: for `starter dev`, the end-to-end suite and the recording of histories.
package devstack

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Root is the folder of the checkout that the working directory is in.
func Root(ctx context.Context) (string, error) {
	answer, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go: %w; install Go and put it into PATH", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(answer)))
	if _, err := os.Stat(filepath.Join(root, "internal", "devserver", "go.mod")); err != nil {
		return "", errors.New("run this in a clone of Deskbridge: it builds the worker and the Temporal server from there")
	}
	return root, nil
}

// BuildServer builds the Temporal server once for its sources and returns the program. The first
// build takes minutes; say is called with how far it is.
func BuildServer(ctx context.Context, root string, say func(string)) (string, error) {
	source := filepath.Join(root, "internal", "devserver")
	print := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		content, err := os.ReadFile(filepath.Join(source, name)) //nolint:gosec // our own sources
		if err != nil {
			return "", fmt.Errorf("temporal server: %w", err)
		}
		_, _ = print.Write(content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("temporal server: %w", err)
	}
	program := filepath.Join(cache, "deskbridge", "devserver-"+hex.EncodeToString(print.Sum(nil))[:16])
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	say("building the Temporal server; this takes some minutes, once")
	unfinished := program + fmt.Sprintf(".%d", os.Getpid())
	defer func() { _ = os.Remove(unfinished) }()
	if err := build(ctx, source, say, "-ldflags=-s -w", "-o", unfinished, "."); err != nil {
		return "", fmt.Errorf("temporal server: %w", err)
	}
	return program, os.Rename(unfinished, program)
}

// Build builds one of the main module's programs.
func Build(ctx context.Context, root, name, program string, say func(string)) error {
	if err := build(ctx, root, say, "-o", program, "./"+name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// serverPackages is about how many packages the Temporal server has.
const serverPackages = 1780

// build runs go build and tells how many packages were compiled.
func build(ctx context.Context, folder string, say func(string), args ...string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-v"}, args...)...) //nolint:gosec // our own arguments
	command.Dir = folder
	lines, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	var tail []string
	compiled, downloaded, said := 0, 0, time.Now()
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		line := scanner.Text()
		if strings.HasPrefix(line, "go: downloading ") {
			downloaded++
		} else if compiled++; strings.ContainsAny(line, " :") {
			tail = append(tail, line)
		}
		if time.Since(said) > 5*time.Second {
			say(fmt.Sprintf("%d modules downloaded, %d of about %d packages compiled", downloaded, compiled, serverPackages))
			said = time.Now()
		}
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, strings.Join(tail, "\n"))
	}
	return nil
}

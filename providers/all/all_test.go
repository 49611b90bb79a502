package all

import (
	"cmp"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestEveryDeskReachesALevelAndRefusesEmptySettings(t *testing.T) {
	require.NotEmpty(t, Types())
	for _, name := range Types() {
		kind, known := Find(name)
		require.True(t, known)
		require.NotEmpty(t, kind.Title)
		require.NotEmpty(t, providers.LevelOf(kind.Zero), name)
		settings := kind.Settings()
		require.Error(t, kind.Validate(settings), name)
		_, err := kind.New(settings)
		require.Error(t, err, name)
	}
}

// A person who read one desk package has read all: they have the same files and the same names.
func TestEveryDeskPackageHasTheSameShape(t *testing.T) {
	for _, name := range Types() {
		for _, file := range []string{"doc.go", "config.go", "desk.go", "tickets.go", "users.go", "notes.go", "check.go", "wire.go", "desk_test.go", "example.yaml"} {
			_, err := os.Stat(filepath.Join("..", name, file))
			require.NoError(t, err)
		}
		kind, _ := Find(name)
		require.Equal(t, "Desk", reflect.TypeOf(kind.Zero).Elem().Name())
		require.Equal(t, "Config", reflect.TypeOf(kind.Settings()).Elem().Name())
	}
}

func TestTheMatrixNamesEveryFunction(t *testing.T) {
	matrix := Matrix()
	for _, function := range providers.Functions() {
		require.Contains(t, matrix, "| "+function.Name+" |")
	}
}

// HOUSE 1: a desk imports providers and providers/internal only, and only this package imports
// desks. A linter would have to be told each desk's name.
func TestOnlyTheRegistryImportsDesks(t *testing.T) {
	const desks = "deskbridge/providers/"
	seen := 0
	require.NoError(t, filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2 {
			return cmp.Or(err, fs.SkipDir)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imported := range file.Imports {
			name, _, _ := strings.Cut(strings.TrimPrefix(strings.Trim(imported.Path.Value, `"`), desks), "/")
			if _, isDesk := Find(name); !isDesk {
				continue
			}
			seen++
			own := strings.Contains(filepath.ToSlash(path), "providers/"+name+"/")
			require.True(t, own || strings.HasSuffix(filepath.ToSlash(filepath.Dir(path)), "providers/all"), "%s imports the desk %s; only providers/all may (HOUSE 1)", path, name)
		}
		return nil
	}))
	require.GreaterOrEqual(t, seen, len(Types()))
}

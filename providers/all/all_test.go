package all

import (
	"os"
	"path/filepath"
	"reflect"
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
		for _, file := range []string{"doc.go", "config.go", "desk.go", "tickets.go", "users.go", "notes.go", "check.go", "wire.go", "desk_test.go"} {
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

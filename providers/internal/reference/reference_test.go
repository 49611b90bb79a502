package reference

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
)

func TestAKeyIsFoundInTheLastLineOnly(t *testing.T) {
	for description, want := range map[string]providers.Key{
		Append("Please prepare a laptop.", "R-1/laptop"): "R-1/laptop", Append("", "R-1/laptop"): "R-1/laptop", "text\nReference: R/1 \n": "R/1",
		"Reference: R/1\nmore": "", "see Reference: R/1": "", "Reference: not a key": "", "Reference: nokey": "", "": "",
	} {
		require.Equal(t, want, Find(description), description)
	}
	require.Equal(t, "b\n\nReference: R/1", Append("b", "R/1"))
	require.Contains(t, Append("b", "R/1"), Line("R/1"))
}

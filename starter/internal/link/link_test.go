package link

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newSigner(t testing.TB, seed byte) *Signer {
	t.Helper()
	signer, err := New(bytes.Repeat([]byte{seed}, 32))
	require.NoError(t, err)
	return signer
}

func TestATokenIsGoodForItsUseAndTimeOnly(t *testing.T) {
	signer := newSigner(t, 1)
	until := time.Now().Add(time.Minute).Truncate(time.Second)
	pass := Pass{People: []string{"a", "b"}, Ticket: "ticket/rt/R1/laptop", Until: until}
	token, err := signer.Sign(Open, pass)
	require.NoError(t, err)
	read, err := signer.Check(Open, token)
	require.NoError(t, err)
	require.Equal(t, pass.People, read.People)
	require.Equal(t, pass.Ticket, read.Ticket)
	require.True(t, until.Equal(read.Until))

	expired, err := signer.Sign(Open, Pass{People: []string{"a"}, Until: time.Now().Add(-time.Second)})
	require.NoError(t, err)
	nobody, err := signer.Sign(Open, Pass{Until: until})
	require.NoError(t, err)
	foreign, err := newSigner(t, 2).Sign(Open, pass)
	require.NoError(t, err)
	parts := strings.Split(token, ".")
	unsigned := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	for name, bad := range map[string]string{
		"expired": expired, "of nobody": nobody, "of another key": foreign, "unsigned": unsigned, "empty": "",
		"changed": parts[0] + "." + parts[1] + "x." + parts[2], "huge": strings.Repeat("x", maxToken+1),
	} {
		_, err := signer.Check(Open, bad)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	_, err = signer.Check(Session, token)
	require.ErrorIs(t, err, ErrInvalid, "a link is no session")
}

func FuzzCheck(f *testing.F) {
	signer := newSigner(f, 1)
	token, err := signer.Sign(Open, Pass{People: []string{"a"}, Until: time.Now().Add(time.Hour)})
	require.NoError(f, err)
	f.Add(token)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		pass, err := signer.Check(Open, text)
		if err == nil {
			require.Equal(t, []string{"a"}, pass.People)
		}
	})
}

package payloads_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"

	"deskbridge/internal/payloads"
)

func newKeys(t *testing.T) *payloads.Keys {
	t.Helper()
	keys, err := payloads.NewKeys()
	require.NoError(t, err)
	return keys
}

func TestAPayloadIsReadableByTheKeysAloneAndComesBackWhole(t *testing.T) {
	keys := newKeys(t)
	for _, text := range []string{"", "anna.nowak@example.test", strings.Repeat("Anna Nowak wants a laptop. ", 1000)} {
		sealed, err := keys.Converter().ToPayload(text)
		require.NoError(t, err)
		raw, err := protojson.Marshal(sealed)
		require.NoError(t, err)
		if text != "" {
			require.NotContains(t, string(sealed.GetData()), text[:4])
			require.NotContains(t, string(raw), "json")
		}
		if len(text) > 10000 {
			require.Less(t, len(sealed.GetData()), 1000, "compressed before it is sealed")
		}
		var back string
		require.NoError(t, keys.Converter().FromPayload(sealed, &back))
		require.Equal(t, text, back)

		err = newKeys(t).Converter().FromPayload(sealed, &back)
		require.ErrorContains(t, err, "payload_keys", "somebody else's keys")
		sealed.Data[len(sealed.GetData())-1] ^= 1
		require.Error(t, keys.Converter().FromPayload(sealed, &back), "changed on its way")
	}
}

func TestWhatWasWrittenBeforeEncryptionIsStillRead(t *testing.T) {
	plain, err := converter.GetDefaultDataConverter().ToPayload("old")
	require.NoError(t, err)
	var back string
	require.NoError(t, newKeys(t).Converter().FromPayload(plain, &back))
	require.Equal(t, "old", back)
}

func TestARotationIsReadByProgramsThatHaveTheFileFromBefore(t *testing.T) {
	before := newKeys(t)
	after, err := before.Rotate()
	require.NoError(t, err)
	uses := func(keys *payloads.Keys) (uses string) {
		for _, key := range keys.List() {
			uses += key.Use + " "
		}
		return uses
	}
	require.Equal(t, "primary standby ", uses(before))
	require.Equal(t, "old primary standby ", uses(after))
	for _, pair := range []struct{ writer, reader *payloads.Keys }{{before, after}, {after, before}} {
		sealed, err := pair.writer.Converter().ToPayload("text")
		require.NoError(t, err)
		var back string
		require.NoError(t, pair.reader.Converter().FromPayload(sealed, &back))
		require.Equal(t, "text", back)
	}

	old := after.List()[0].ID
	_, err = after.Drop(after.List()[1].ID)
	require.ErrorContains(t, err, "only old keys")
	dropped, err := after.Drop(old)
	require.NoError(t, err)
	sealed, err := before.Converter().ToPayload("text")
	require.NoError(t, err)
	var back string
	require.Error(t, dropped.Converter().FromPayload(sealed, &back), "a key that was dropped opens nothing")
	_, err = dropped.Drop(old)
	require.ErrorContains(t, err, "no key")
}

func TestAKeysFileIsItsOwnersAloneAndNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "payload.keys")
	keys := newKeys(t)
	require.NoError(t, keys.WriteNew(path))
	require.ErrorContains(t, keys.WriteNew(path), "there already")
	rotated, err := keys.Rotate()
	require.NoError(t, err)
	require.NoError(t, rotated.Replace(path))
	about, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), about.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	read, err := payloads.ParseKeys(string(content))
	require.NoError(t, err)
	require.Equal(t, rotated.List(), read.List())
}

func TestTextThatIsNoKeysetIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, text := range []string{"", "s3cret", `{"primaryKeyId": 1, "key": []}`} {
		_, err := payloads.ParseKeys(text)
		require.ErrorContains(t, err, "starter keys new")
		require.NotContains(t, err.Error(), "s3cret")
	}
}

func TestTheTextOfAFailureIsSealed(t *testing.T) {
	var options client.Options
	newKeys(t).Apply(&options)
	failure := options.FailureConverter.ErrorToFailure(temporal.NewApplicationError("anna is unknown", "not-found"))
	require.NotContains(t, failure.String(), "anna")
	require.Equal(t, "not-found", failure.GetApplicationFailureInfo().GetType(), "the kind stays readable")
	require.ErrorContains(t, options.FailureConverter.FailureToError(failure), "anna is unknown")
}

func TestTheCodecEndpointOpensWhatTheTemporalUIAsksFor(t *testing.T) {
	keys := newKeys(t)
	sealed, err := keys.Converter().ToPayloads("for the UI")
	require.NoError(t, err)
	body, err := protojson.Marshal(sealed)
	require.NoError(t, err)
	server := httptest.NewServer(keys.Handler())
	defer server.Close()
	answer, err := http.Post(server.URL+"/decode", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, text.String(), "ImZvciB0aGUgVUki", `"for the UI" in base64`)
}

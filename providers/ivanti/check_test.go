package ivanti

import (
	"testing"

	"github.com/stretchr/testify/require"

	"deskbridge/providers"
	"deskbridge/providers/providertest"
)

func TestACheckTellsWhatIsMissing(t *testing.T) {
	simulated := simulate(t)
	good := config(t, simulated.URL, "pass-bridge", 10)
	providertest.CheckSays(t, connect(t, good), "")
	desk := connect(t, good)
	user, err := desk.CreateUser(t.Context(), providers.NewUser{Email: "anna@example.test", DisplayName: "Anna Nowak"})
	require.NoError(t, err)
	ticket, err := desk.CreateTicket(t.Context(), providers.NewTicket{Key: "R/1", Queue: "Support", RequesterID: user.ID, Subject: "s"})
	require.NoError(t, err)
	_, err = desk.AddNote(t.Context(), providers.NewNote{TicketID: ticket.ID, Body: "hello"})
	require.NoError(t, err)
	names := good
	names.Queues, names.KeyField, names.PublicField = []string{"Nowhere"}, "Other", "Published"
	providertest.CheckSays(t, connect(t, names), "", "team does not exist", "incidents have no such field", "notes have no field Published")
	journal := good
	journal.Journal = "notes"
	providertest.CheckSays(t, connect(t, journal), "", "no such business object")
	wrong := good
	wrong.APIKey = providertest.Secret(t, "wrong")
	providertest.CheckSays(t, connect(t, wrong), providers.Unauthenticated, "API key")
	elsewhere := good
	elsewhere.URL += "/elsewhere"
	providertest.CheckSays(t, connect(t, elsewhere), providers.NotFound, "without /api")
	providertest.CheckSays(t, connect(t, config(t, simulated.URL, "pass-weak", 10)), "", "may not read incidents", "may not read employees")
	require.ErrorContains(t, Config{URL: "https://x.test"}.Validate(), "key_field:")
}

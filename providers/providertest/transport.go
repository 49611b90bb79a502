package providertest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskbridge/internal/faults"
	"deskbridge/providers"
)

func anything(*http.Request) bool { return true }

func (s *suite) transportCases() []testCase {
	cases := []testCase{
		{"an answer that is lost while reading means the desk is unavailable", func(t *testing.T) {
			s.broken.Next(9, anything, faults.Fault{Reset: true}) // Go itself repeats a GET on a connection that was kept
			_, err := s.desk.FetchTicket(t.Context(), s.SomeID)
			s.requireKind(t, providers.Unavailable, err)
		}},
		{"an error of the server after a write leaves the outcome unknown", func(t *testing.T) {
			want := s.newTicket(t)
			for _, status := range []int{500, 502, 503, 504} {
				s.broken.Next(1, s.IsCreate, faults.Fault{Status: status, Body: `{"message":"` + want.Subject + `"}`})
				_, err := s.desk.CreateTicket(t.Context(), want)
				s.requireKind(t, providers.UnknownOutcome, err, want.Subject)
			}
		}},
		{"a call ends when its context does", func(t *testing.T) {
			s.broken.Next(1, anything, faults.Fault{Delay: time.Minute})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(100*time.Millisecond, cancel)
			_, err := s.desk.FetchTicket(ctx, s.SomeID)
			require.ErrorIs(t, err, context.Canceled)
			s.broken.Next(1, anything, faults.Fault{Delay: time.Minute})
			_, err = s.desk.FetchTicket(timeout(t, 100*time.Millisecond), s.SomeID)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}},
		{"an answer that is not understood is malformed", func(t *testing.T) {
			s.broken.Next(1, anything, faults.Fault{Status: 200, Body: `<html>maintenance for anna@example.test</html>`})
			_, err := s.desk.FetchTicket(t.Context(), s.SomeID)
			s.requireKind(t, providers.Malformed, err, "maintenance")
		}},
		{"a desk that is not there is unavailable", func(t *testing.T) {
			nowhere, err := providers.As[providers.TicketFetcher](s.New(t, "http://127.0.0.1:1", s.Credential, pageSize))
			require.NoError(t, err)
			_, err = nowhere.FetchTicket(t.Context(), s.SomeID)
			s.requireKind(t, providers.Unavailable, err)
		}},
		{"a redirect is not followed, for it could carry the credentials away", func(t *testing.T) {
			s.broken.Next(1, anything, faults.Fault{Status: http.StatusFound})
			_, err := s.desk.FetchTicket(t.Context(), s.SomeID)
			s.requireKind(t, providers.Misconfigured, err)
		}},
		{"a wrong credential is told apart from a missing right", func(t *testing.T) {
			ticket := s.ticket(t)
			wrong, err := providers.As[providers.TicketFetcher](s.connect(t, "1-1-"+s.unique("wrong")))
			require.NoError(t, err)
			_, err = wrong.FetchTicket(t.Context(), ticket.ID)
			s.requireKind(t, providers.Unauthenticated, err)
			weak, err := providers.As[providers.TicketFetcher](s.connect(t, s.Weak))
			require.NoError(t, err)
			_, err = weak.FetchTicket(t.Context(), ticket.ID)
			hidden := providers.NotFound
			if s.Traits.TellsHidden {
				hidden = providers.Forbidden
			}
			s.requireKind(t, hidden, err)
		}},
		{"a desk that asks to wait is heard", func(t *testing.T) {
			s.broken.Next(1, anything, faults.Fault{Status: http.StatusTooManyRequests, RetryAfter: 17 * time.Second})
			_, err := s.desk.FetchTicket(t.Context(), s.SomeID)
			var desk *providers.Error
			require.ErrorAs(t, err, &desk)
			require.Equal(t, 17*time.Second, desk.RetryAfter)
		}},
	}
	kinds := map[int]providers.Kind{
		400: providers.Invalid, 401: providers.Unauthenticated, 403: providers.Forbidden, 404: providers.NotFound,
		405: providers.Unsupported, 408: providers.Unavailable, 409: providers.Conflict, 410: providers.NotFound,
		412: providers.Conflict, 413: providers.TooLarge, 415: providers.Unsupported, 418: providers.Invalid,
		422: providers.Invalid, 423: providers.Unavailable, 429: providers.RateLimited, 500: providers.Unavailable,
		501: providers.Unsupported, 502: providers.Unavailable, 503: providers.Unavailable, 504: providers.Unavailable,
	}
	for status, kind := range kinds {
		cases = append(cases, testCase{fmt.Sprintf("HTTP %d while reading is %s", status, kind), func(t *testing.T) {
			s.broken.Next(3, anything, faults.Fault{Status: status, Body: `{"message":"anna@example.test"}`}) // a desk with sessions logs in anew at a 401
			_, err := s.desk.FetchTicket(t.Context(), s.SomeID)
			s.requireKind(t, kind, err)
		}})
	}
	return cases
}

func (s *suite) checkCases() []testCase {
	return []testCase{
		{"a check of a good connection finds no problem and names the desk", func(t *testing.T) {
			s.ticket(t)
			report, err := s.desk.Check(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, report.Version)
			require.NotEmpty(t, report.Findings)
			for _, finding := range report.Findings {
				require.Empty(t, finding.Problem, finding.Function)
			}
		}},
		{"a check with a wrong credential says so", func(t *testing.T) {
			_, err := s.connect(t, "1-1-"+s.unique("wrong")).Check(t.Context())
			s.requireKind(t, providers.Unauthenticated, err)
		}},
		{"a check with an account without rights names each problem with its cure", func(t *testing.T) {
			report, err := s.connect(t, s.Weak).Check(t.Context())
			require.NoError(t, err)
			problems := 0
			for _, finding := range report.Findings {
				require.Equal(t, finding.Problem == "", finding.Cure == "", finding.Function)
				if finding.Problem != "" {
					problems++
				}
			}
			require.GreaterOrEqual(t, problems, 2)
		}},
	}
}

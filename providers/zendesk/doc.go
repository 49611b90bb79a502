// Package zendesk is Zendesk Support at level Full, by its REST API v2.
//
// Sources: Zendesk's OpenAPI document 2.0.0 with its descriptions (a reduced copy is held against
// every call in internal/contracts), and developer.zendesk.com as far as it was read for this
// project; no account could be called. What rests on neither is marked as uncertain.
//
//   - Authentication is basic, "login/token:token", or an OAuth access token as bearer.
//   - external_id of a ticket holds our key; it is not unique. The list of tickets by external_id
//     is no search and does not lag. A create also carries an Idempotency-Key (at most 255
//     characters; kept for about two hours, uncertain), which catches what the look-up cannot.
//   - Changes come from the incremental cursor export (administrators only, 10 calls a minute). It
//     leaves out the last minute, so that the desk's clock is told as one minute earlier; a start
//     within that minute is refused, and means that there is nothing yet. Tickets that the system
//     touched come too, with an older updated_at.
//   - A ticket's status is the system's: new, open, pending, hold, solved, closed; custom statuses
//     show as the one that they belong to. There is no cancelled. closed is final: what is
//     written to such a ticket is refused with 422.
//   - A merged ticket is closed, with the tag closed_by_merge (uncertain) and a last comment that
//     names its target, "... merged into request #123" (uncertain; an agent can change the text).
//     Where the target cannot be told that is an error, for such a ticket is not done.
//   - A deleted ticket is 404; the export lists it with status deleted, which is left out.
//   - The first comment is the description. A comment is public by its flag only, which is
//     compared again; one without the flag is internal. HTML is written and read, for plain
//     text may be taken as Markdown.
//   - Files hang on comments, and need an upload before. Ours go with an internal comment that
//     names their SHA-256: content_url leads to another host, to which no credentials go.
//   - The login of a user is external_id, an employee number the user field of employee_field.
//     Users are searched by an index that lags (uncertain for how long); Zendesk itself keeps
//     e-mail address and external_id unique.
//   - PUT of an e-mail address adds a second one; the primary one is changed as an identity.
//   - A user is deactivated by suspending.
//   - Limits: 429 with Retry-After; 30 updates in 10 minutes by one user of one ticket.
package zendesk

// Package freshservice is Freshservice at level Full, by its REST API v2.
//
// Sources: the OpenAPI document of api-evangelist (held against every call in
// internal/contracts), recorded answers of the Demisto pack (a ticket and its conversations, in
// testdata), docs.exalate.com and community.freshworks.dev as far as they were read for this
// project. No account could be called. What rests on neither is marked as uncertain.
//
//   - Authentication is basic, with the API key as the login and X as the password.
//   - Our key is in a custom field of tickets, whose name is the setting key_field. It is searched
//     by /tickets/filter (uncertain: the query's form, and how long its index lags: set
//     search_lag) and compared again.
//   - POST /tickets makes incidents only; service requests come from the catalogue (uncertain).
//     The document demands email; requester_id does as well, and cannot create a second requester
//     as an unknown address does.
//   - Changes are listed by updated_since (UTC, seconds; read as after, so that a second less is
//     asked for), newest ticket first, which is an order that never changes. A deletion while
//     pages are read can shift a ticket out of sight until it changes again or a sweep comes by.
//   - A status is 2 Open, 3 Pending, 4 Resolved, 5 Closed, or the number of a status of one's
//     own, which is written as the number; the check lists them (/ticket_form_fields, uncertain).
//     There is no cancelled. A requester's reply reopens.
//   - Groups are listed by /groups, agents' names by /agents (the first is not in the document).
//   - A conversation is customer-facing by private=false, compared as given: one without the flag
//     is internal. A new note is private unless the opposite is said (uncertain). The description
//     is no conversation.
//   - Files hang on notes, as multipart/form-data; ours on a private one that names its SHA-256.
//   - Merging is done by agents only, and leaves a closed ticket that does not name its target
//     (uncertain): map Closed to what that should mean. A deleted ticket is answered with deleted.
//   - A user is a requester or an agent. The login is external_id (uncertain whether it can be
//     searched). DELETE deactivates a requester, /reactivate is the way back (uncertain); an agent
//     is not deactivated. A PUT has to repeat first name and address.
//   - Limits: 429 with Retry-After; by plan, from 40 lists and 50 other calls a minute on.
package freshservice

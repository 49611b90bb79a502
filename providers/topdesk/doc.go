// Package topdesk is TOPdesk at level Full, by its REST API.
//
// Sources: TOPdesk's OpenAPI documents of incidents (4.2.6), supporting files (2.7.11) and
// general (1.2.0), rebuilt from developers.topdesk.com and held against every call in
// internal/contracts; developers.topdesk.com/tutorial.html. No TOPdesk could be called. What
// rests on neither is marked as uncertain.
//
//   - Authentication is basic, an operator's login with an application password. The operator
//     needs a permission group with REST API, and sees only what its filters let through.
//   - A ticket is an incident. Its number holds spaces, "I 2401 001"; incidents are asked for by
//     their ID.
//   - externalNumber holds our key; it takes 60 characters. A longer key is kept as its SHA-256
//     there, and whole in a line of the request, "Reference: <key>".
//   - briefDescription takes 80 characters: a longer subject is cut, and whole in the request.
//   - Changes are asked for by modificationDate (FIQL, UTC), archived incidents and partials
//     too, in the order of id, which never changes. The list tells 206 while there is more and 204
//     where there is nothing.
//   - A status is the name of the processing status, which every TOPdesk has its own of
//     (/incidents/statuses); where an incident has none it is open, completed or closed.
//   - There is no deletion and no merging. An incident that was archived without having been
//     closed is gone from work, and counts as deleted.
//   - Customer-facing notes are actions with invisibleForCaller=false, compared as given: one
//     without the flag is internal; and what the caller added to the request, whose entries have
//     no flag. The first entry of the request is the description. E-mails in the progress trail are left out.
//   - An action holds HTML. Files hang on the incident, not on actions, with a visibility of
//     their own; ours are visible to the caller.
//   - A person is known by email, networkLoginName (login_field chooses another) and
//     employeeNumber; none is unique, so that they are looked up first. Archiving is deactivation.
//     A person belongs to a branch. Whether FIQL minds letter case is uncertain: logins and
//     addresses are written and searched in lower case.
//   - Persons are asked for in version 2 of their endpoints, by the Accept header.
//   - No rate limit is documented; 429 is heard.
package topdesk

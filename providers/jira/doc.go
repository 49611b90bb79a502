// Package jira is Jira Service Management at level Full, Cloud and Data Center, by the service
// desk API and, for what it lacks, the platform API version 2, whose texts are wiki markup.
//
// Sources: Atlassian's OpenAPI documents of both APIs for Cloud (held against every call in
// internal/contracts), developer.atlassian.com and issues of jira.atlassian.com as far as they
// were read for this project. Data Center has no such document: where it differs is from its
// REST reference, and marked. No site could be called.
//
//   - Authentication is basic with login and API token (Cloud), or with a personal access token
//     as bearer (Data Center) where no login is given.
//   - There are no queues to log to: a queue is a filter. Tickets are routed by request type, the
//     connection's queue, and by the type's fields.
//   - Our key is a label, "deskbridge:<key>", or the value of a text field; either has to be
//     among the request type's fields, for the service desk API sets no other (whether it sets
//     hidden ones is uncertain). Labels are searched whole; a text field is searched by words and compared again. Search is eventually consistent
//     on Cloud (uncertain for how long): set search_lag.
//   - The service desk API returns internal comments too unless internal=false is said; the flag
//     public is compared again. It answers with an empty list, not an error, where the account
//     may not see a request. Platform comments are never written: they are public by default.
//   - Times in JQL are read to the minute, in the time zone of the account, which /myself tells.
//     Pages are ordered by key, so that a ticket that changes meanwhile keeps its place. A search
//     for an ID that is gone is an error, so that tickets are read one by one.
//   - A status is set by the transition that leads to it, of those the account may carry out.
//   - Issues cannot be merged. A moved one keeps its ID and answers by its old key too, but is no
//     longer in the project that is searched: sweeps find it. A deleted or hidden one is 404.
//   - A customer cannot be changed, deactivated or deleted by this API. Cloud knows no login; on
//     Data Center a customer's login is chosen by Jira. User search shows active users only
//     (Cloud), matches parts, and may hide addresses: such a match needs a person.
//   - raiseOnBehalfOf wants a customer of the service desk; who is none is made one before.
//   - attachTemporaryFile takes multipart/form-data and X-Atlassian-Token; its document says
//     octet-stream. Files hang on comments; ours on internal ones, which name their SHA-256.
//   - Data Center (its REST reference): search by /search with startAt, users by username and key.
package jira

// Package rt is Request Tracker 5 over REST2, at level Full.
//
// Sources: RT::REST2 (docs.bestpractical.com/rt/5.0.3/RT/REST2.html) and what RT
// 5.0.3+dfsg-3~deb12u6 from Debian 12 answered when called; the conformance suite runs
// against that server in `make desks`.
//
// What differs from what one would expect, all of it seen on the real server:
//
//   - PUT answers 200 with prose when it changed nothing, and creating a ticket answers 201
//     while it drops unknown custom fields. Whatever is written is read back.
//   - A date in TicketSQL is read in the calling account's time zone, whatever zone the text
//     names; a form that RT cannot parse, every form with a Z among them, matches every
//     ticket. The account's zone is a setting, and Check probes it.
//   - A search by a custom field that does not exist finds nothing, without an error. The
//     queue is therefore asked for the key field before a ticket is created.
//   - A merged ticket answers with its target under the old number and is in no search; a
//     deleted one answers with Status deleted and is in no search either.
//   - Transactions of Type Correspond are customer-facing, Comment is internal, Create is the
//     ticket's own first message. A type that is not Correspond is internal.
//   - Files are uploaded as a Comment: agents see them, the requester is not mailed, and the
//     ticket keeps its status (a Correspond opens a new ticket). A file name outside ASCII
//     needs multipart; in JSON it makes RT answer 500. A quote in a file name is stored with
//     the backslash that escapes it, so it is sent as an apostrophe; a text that is not UTF-8
//     is recoded, so it is sent as bytes.
//   - A list's "pages" is a number, a float or null, and "total" may be null; per_page above
//     100 is cut without a word. Rows that the account may not see shorten a page, so that a
//     short page of transactions or attachments is not the last: an empty one is.
//   - A search for users ignores a condition on a field that does not exist, and lists everybody.
//   - A user's id is the login in lists and references and a number in GET /user; logins can
//     be renamed, so the number is kept. Disabled is empty in lists.
//   - RT does not tell requests from incidents: the queue does, so that a ticket's kind is not sent.
//   - RT has one status model a lifecycle and no API that lists it.
//   - Every connection kept open pins one server process; few connections are used and an
//     idle one is closed after seconds.
package rt

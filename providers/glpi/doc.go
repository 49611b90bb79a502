// Package glpi is GLPI at level Full, by its REST API (apirest.php).
//
// Sources: what a stock GLPI did when it was called for this project, and GLPI's apirest.md as
// far as it was read. That GLPI is no longer at hand, so that the simulated desk is written from
// that record. The numbers of search options are GLPI's own (listSearchOptions), and were seen
// for 5, 12 and 19; what is neither measured nor documented is marked as uncertain.
//
//   - initSession gives a token, by login and password or by a user token; a token that is no
//     longer known is 401, and opens another session. An app token may be demanded beside it.
//   - Errors are a JSON array, ["CODE","text"].
//   - Text comes back with its entities encoded, "&#60;p&#62;" for "<p>", and is decoded once.
//   - Unknown fields are ignored with success, and any number is taken as a status: fields are
//     held against a list, statuses against GLPI's six. Their names are written in English.
//   - There is no field for our key: it is the last line of the description, "Reference: <key>",
//     and is searched there.
//   - Tickets and users are read by search, whose rows are keyed by the number of a search option;
//     equality is contains with ^ and $, compared again. A search leaves out what is in the trash,
//     where DELETE puts a ticket: that is deleted.
//   - date_mod has no offset: it is in the server's zone, time_zone. "morethan" excludes the very
//     second, so that one less is asked for. Changes are read in the order of ID, which never
//     changes.
//   - Solved is set by adding a solution, every other status directly.
//   - Followups are customer-facing by is_private=0, compared as given: one without the flag is
//     internal. Solutions are customer-facing too. Both hold HTML.
//   - A document is known again by its sha1sum.
//   - Tickets merge as followups of another (in the user interface), and go to the trash: the
//     target is not told (uncertain).
//   - name is the login and unique; addresses are not: both are looked up first.
//     registration_number is the employee number. Addresses are objects of their own.
package glpi

// Package servicedeskplus is ManageEngine ServiceDesk Plus at level Full, cloud and on premises,
// by its REST API v3.
//
// Sources: recorded answers and the source of the Demisto ServiceDeskPlus pack (a request and a
// list, in testdata), pages of the v3 API as far as they were read for this project. No instance
// could be called and there is no machine-readable document: what the recorded answers do not
// show is marked as uncertain.
//
//   - Authentication is a technician's key, in the header authtoken (on premises), or OAuth 2.0
//     with a refresh token of Zoho's accounts server (cloud); a token that is refused is renewed.
//   - All input is one parameter, input_data, with JSON; in the query of a GET, in the form of
//     others. response_status is an object of one thing, and an array of a list. A failure is
//     status_code 4000 with messages, whatever the HTTP status is (which messages, is uncertain).
//   - The ID of a request is not the number that people see, display_id.
//   - Our key is in an additional field, udf_fields.<key_field>, searched by "is" and compared again.
//   - Times are milliseconds since 1970, as text. "greater than" excludes the value. Changes are
//     read in the order of creation, which never changes; those of one millisecond by their number.
//   - Deletion moves to the trash, which lists leave out; such a request says is_trashed.
//     Requests that were merged are gone (uncertain): their target is not told.
//   - Notes are customer-facing by show_to_requester=true. A list may leave out their text
//     (uncertain): such a note is read by itself. Replies by mail are conversations, and are not
//     read.
//   - A file hangs on the request. It is uploaded by PUT to /upload (on premises) or /_uploads
//     (cloud), and is known again by its content.
//   - Users are found by email_id, login_name and employee_id (the last two uncertain) and looked
//     up before a create. How a user is deactivated is uncertain, so that it is not offered.
//   - A group and a status that do not exist are refused by name.
//   - Limits: 429 is heard; the cloud blocks an address for some minutes then (uncertain).
package servicedeskplus

// Package servicenow is ServiceNow at level Full, by the REST Table API or by the direct SOAP
// web services; the setting transport chooses.
//
// Sources: ServiceNow's product documentation (github.com/ServiceNow/ServiceNowDocs:
// api-reference/rest-apis, api-reference/web-services), the OpenAPI document of the Table API
// (Quebec, from the Ballerina connector), the WSDLs of incident (composed from the
// documentation's samples) and sys_user. No instance could be called: what is said to be
// uncertain below rests on descriptions by users of ServiceNow.
//
//   - Authentication is basic, or by a token of /oauth_token.do that is renewed when it is
//     refused. Client credentials without an account have to be switched on in the instance
//     (glide.oauth.inbound.client.credential.grant_type.enabled, Washington DC and later; uncertain).
//   - A term of an encoded query that names an unknown field is ignored without an error, so
//     that everything matches (glide.invalid_query.returns_no_rows changes that); so is an
//     unknown field of a record that is written. Rows are compared again, and the fields of a
//     new ticket are held against those that a record of the table has.
//   - Rows that the account may not read are left out after the limit was applied: a short or
//     an empty page need not be the last. By REST, X-Total-Count tells; by SOAP nothing does, so
//     that the account has to read every ticket of its tables.
//   - A row that may not be read is not told from one that never was.
//   - Changes are read in the order of sys_id, which never changes, so that a ticket that
//     changes meanwhile keeps its place.
//   - A time in a query is read as UTC by web services (uncertain: community.servicenow.com
//     ba-p/2270667); Check probes it, and time_zone can say otherwise. Values are UTC.
//   - A reference is {"link", "value"} or "" or, with display values, {"display_value",
//     "value"}; every other value is a string.
//   - Tickets of all tables are read through task, of which incident, sc_req_item and
//     sc_request are extensions; they are written in their own table. A status is the label
//     that people see, in the language of the account: numbers mean different things in
//     different tables. sys_choice translates it when it is set.
//   - comments are customer-facing, work_notes internal; comments_and_work_notes mixes both
//     and is never read. Comments come from sys_journal_field, which wants a role or ACL
//     (uncertain which; Check tries). Text between [code] and [/code] is HTML.
//   - Attachments hang on the record, not on a comment. By SOAP they are inserted into
//     ecc_queue for the AttachmentCreator, at most 5 MB. sys_attachment.hash is the content's
//     SHA-256 (uncertain before Orlando); without it SOAP compares name and size only.
//   - Resolving wants close_code and close_notes by a data policy, see status_fields; a closed
//     incident is read-only for most roles (uncertain).
//   - There is no merging; a duplicate names its parent_incident. Deleted records are gone.
//   - correlation_id is not unique and there is no idempotency key: it is searched before a
//     create. user_name is unique, an e-mail address is not; both are looked up first.
package servicenow

// Package bmc is BMC Helix ITSM (Remedy) at level Full: incidents are logged and changed over
// SOAP (HPD_IncidentInterface), everything else goes over the AR System REST API: people,
// support groups, work logs, and reading incidents, for the SOAP service tells neither when an
// incident was changed nor who may see a work log.
//
// Sources: the WSDLs of HPD_IncidentInterface_WS and HPD_IncidentInterface_Create_WS, BMC's
// documentation of the AR REST API (docs.bmc.com ars91, ars1908: entries, attachments, jwt
// login), the recorded answers of Cortex XSOAR's BMC pack (testdata). No server could be called;
// what is said to be uncertain rests on one of these alone or on common practice.
//
//   - Three identifiers: an entry of HPD:IncidentInterface has a Request ID joined of two
//     ("INC…527|INC…527"), an Entry ID ("INC…527") and an Incident Number ("INC…430"). People
//     see the Incident Number; it never changes and is the ticket's ID here. The Entry ID is in
//     addresses only.
//   - The stock web service has no field for our key. It stands in the last line of the notes,
//     "Reference: <key>", and is searched there (a LIKE on Detailed Decription, which is how the
//     vendor spells it).
//   - HelpDesk_Modify_Service sets to null what is not given, and its schema requires nearly
//     every field: the incident is queried first and given back whole. What an agent changes in
//     between, within a second, is set back. It also requires a work log, which is internal.
//   - The customer of an incident is given by first and last name. Two people of the same name
//     are therefore refused before anything is created.
//   - The support group decides company and organization; its name is looked up.
//   - A work log is public or internal by View Access; Secure Work Log only locks it. It does
//     not touch the incident's Last Modified Date (uncertain), so that changes are read from
//     the work logs too. A work log takes three files; one is used.
//   - Times of answers have an offset and milliseconds; in a qualification they are seconds
//     since 1970 (as XSOAR's pack sends them; BMC documents a text too).
//   - Numbers of errors: 302 no such entry, 303 and 623 wrong credentials, 330 to 333 and 353
//     no permission, 382 not unique, 90 to 94 the server's connections; from BMC's list of
//     action request messages.
//   - A token of /api/jwt/login lives for about an hour and is renewed when it is refused.
//   - A person is deactivated by Profile Status Offline. What CTM:People requires beside the
//     names depends on the installation (uncertain): give it in the attributes of a user.
//   - Resolved wants Resolution and Status_Reason, see status_fields. There is no merging.
package bmc

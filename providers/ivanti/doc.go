// Package ivanti is Ivanti Neurons for ITSM (HEAT) at level Full, by its REST API (OData).
//
// Sources: Ivanti's Web Services Guide 2022.4 (help.ivanti.com) and the source of the Demisto
// IvantiHeat pack, as far as they were read for this project. There is no machine-readable
// document and no recorded answer, and no tenant could be called: what these do not show is marked
// as uncertain, and has a setting where a tenant may have it otherwise.
//
//   - Authentication is an API key, in the header Authorization: rest_api_key=<key>. Its role
//     decides what is seen.
//   - A ticket is a record of business object incidents; service requests need a template of the
//     catalogue and are not logged. RecId never changes; IncidentNumber is what people see.
//   - Our key is in a text field of the tenant's own, key_field.
//   - A list is asked for by $filter, $orderby, $top (at most 100) and $skip; 204, without a
//     body, means no record (uncertain). Times are written without quotes, in UTC, to the second.
//   - Changes are read in the order of creation, which never changes; those of one second by
//     their number.
//   - A record that was deleted, or may not be seen, is not found. Incidents are not merged; a
//     master incident has children.
//   - Notes are records of Journal#Notes (journal, uncertain), customer-facing by a flag
//     (PublishToWeb, uncertain): one without it is internal. Journal e-mails are not read.
//   - A file goes to /api/rest/Attachment, as a form with ObjectID and ObjectType, and is listed
//     as a record of attachments (uncertain). It is downloaded from the same place by its ID.
//   - People are records of employees: PrimaryEmail, LoginID, and a field for the employee number.
//     Nothing keeps them unique: they are looked up first. Deactivation is a status,
//     Terminated (uncertain; inactive_status).
//   - Errors are {"code","description","message"}; an unknown field is 400.
package ivanti

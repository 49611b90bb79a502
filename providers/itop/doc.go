// Package itop is Combodo iTop at level Full, by its REST/JSON web services.
//
// Sources: what a stock iTop did when it was called for this project (its answers are described
// in comments below), and Combodo's wiki "REST/JSON services" as far as it was read. That iTop
// is no longer at hand, so that the simulated desk is written from that record. What is neither
// measured nor documented is marked as uncertain.
//
//   - Every operation is a POST to /webservices/rest.php with json_data. It answers HTTP 200
//     always; code 0 is success, 1 unauthorized (a wrong password, and a missing right, which its
//     text tells: uncertain), 100 everything else, which its text has to tell. The account needs
//     the profile REST Services User.
//   - objects is null where nothing is found, else a map keyed "Class::id" in no given order. A
//     ticket's ID is that key.
//   - Stock tickets have no field for our key: it is the last line of the description, "Reference:
//     <key>", and is searched there; key_field names a text attribute of an extended data model.
//   - Times have no offset: they are in the time zone of the application, time_zone. last_update
//     is compared to the second, and inclusively. Changes are listed by their IDs first, and read
//     by ID, so that a ticket that changes meanwhile keeps its place.
//   - status is set directly, which iTop takes; stimuli makes it go by the life cycle instead.
//   - public_log is customer-facing; private_log is never asked for. Entries have no ID: the log
//     only grows, so that an entry's number from the oldest is one. They are listed newest first
//     (uncertain for those of one second). What is written is HTML.
//   - A file is an object of class Attachment; its content is in every answer that names it.
//   - There is no merging (a child names its parent_request_id). A deleted ticket is not found.
//   - A person has no login, and nothing keeps an address or number unique: both are looked up
//     first. Deactivation is status inactive.
package itop

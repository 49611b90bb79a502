// Package znuny is Znuny 6.5 and OTRS 6, at level Full: tickets over SOAP by the
// GenericInterface, customer users over SOAP by rpc.pl where it is switched on.
//
// Sources: the web service definition and WSDL that Znuny ships
// (GenericTicketConnectorSOAP), the source of Znuny 6.5.1
// (Kernel/GenericInterface/Operation/Ticket, bin/cgi-bin/rpc.pl), and what that server, from
// Debian's package otrs2, answered when called; the conformance suite runs against it in
// `make desks`. webservice.yml beside this file is the definition to import.
//
// What differs from what one would expect, all of it seen on the real server:
//
//   - The SOAPAction is namespace#operation; the form that the shipped WSDL names is refused.
//     Namespace and name of the web service are settings, for both are the administrator's.
//   - Business errors come with HTTP 200 in an Error beside the answer's data; faults come
//     with HTTP 500 as text/plain and in the service's own namespace. A web service that does
//     not exist closes the connection without an answer.
//   - AccessDenied stands for a ticket that never was, was deleted, or may not be seen: the
//     three cannot be told apart and count as not found. One such ticket fails a whole batch.
//   - A search by a dynamic field that does not exist finds every ticket, without an error;
//     results are compared again. Creating with one is an error.
//   - A search answers IDs only, at most Limit of them (500 unless told otherwise), without an
//     offset. Changes are therefore read in windows by the time of creation, which never
//     changes. Several tickets may be created in one second: a window that brings no new
//     second is read again with twice the limit.
//   - Dates are YYYY-MM-DD HH:MM:SS in the system's zone (OTRSTimeZone), a setting here. Any
//     other form, and any time to come, finds nothing, without an error.
//   - The GenericInterface sends no Date header, so that the desk's clock is read from the web
//     server beside it.
//   - IsVisibleForCustomer decides what is public; an article without it is internal.
//   - The first article of a ticket is its description. Merging moves the articles, so that a
//     description can come after notes; the history tells which articles opened a ticket. It
//     also tells what a ticket with the state type merged was merged into. The shipped web
//     service lacks TicketHistoryGet, webservice.yml has it.
//   - An article needs a text: a ticket without one has its subject there, too.
//   - A note changes no status. A pending status needs a time and cannot be set here.
//   - A file hangs on an article, so that each upload writes an internal one. TicketGet answers
//     the contents of all files or of none: the article holds the file's SHA-256, by which an
//     upload is known again. An agent's own copy of a file is not.
//   - PostMasterSearch quotes an address twice (Kernel/System/CustomerUser/DB.pm of 6.5.1), so that
//     one with an apostrophe is never found: CustomerSearchDetail finds it.
//   - rpc.pl answers a duplicate, an unknown user and a wrong password alike, with nothing; a
//     call that must answer tells the last apart. Text outside ASCII comes as base64. It gives
//     access to most of Znuny: restrict its address on the web server.
//   - A customer user is known by the login, which is therefore its ID and is not changed here.
//   - A ticket of a deactivated customer user is refused.
package znuny

// Package halo is HaloITSM at level Full, by its REST API.
//
// Sources: the clients homotechsual/HaloAPI, redanthrax/halopsa-node and
// alex-thorne/haloitsm-mcp @eae5e885, and kb.dtctoday.com, as far as they were read for this
// project. There is no machine-readable document and no recorded answer, and no Halo could be
// called: the simulated desk rests on these clients only. What they do not show is marked as
// uncertain.
//
//   - Authentication is OAuth 2.0 with client credentials; the address of the token, and whether
//     a tenant has to be said, differ by tenant. A token that is refused is renewed.
//   - What is written is a JSON array, also of one; with an id it is changed, without one created.
//     The answer is an object, or an array of one (uncertain which).
//   - Our key is the last line of the details, "Reference: <key>", for the type of third_party_id
//     is uncertain. It is found by search, whose rows need not have details: candidates are read.
//   - Statuses, teams, ticket types and sites are the tenant's own lists. A status is its name.
//   - Changes are asked for by lastupdatefromdate (UTC is assumed, uncertain), open and closed, in
//     the order of id, which never changes, by page number. A deletion while pages are read can
//     shift a ticket out of sight until it changes again or a sweep comes by. The list has no
//     details, so that each changed ticket is read by itself for its key.
//   - A merged ticket names its target, merged_into_id; a deleted one says deleted.
//   - Notes are actions; customer-facing are those with hiddenfromuser=false, compared as given:
//     one without the flag is internal. What the system itself notes is left out by excludesys
//     (uncertain).
//   - A file hangs on the ticket, as base64. Its content comes back as it is, or in JSON
//     (uncertain): it is compared either way.
//   - A user has an address and a login and belongs to a site; neither is known to be unique, so
//     that both are looked up first. Inactive is deactivated.
//   - Limits are not documented; 429 is heard.
package halo

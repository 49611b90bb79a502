// Package portal is the page on which end users see their tickets: server-rendered, with a small
// script that keeps it live and keeps what was typed; without the script it works too.
//
// Activate asks the API for a link, which opens a session: a cookie with hashes of the person's
// identities and an end, for the portal's paths alone. A page that embeds the portal is allowed by
// the configuration (Content-Security-Policy, frame-ancestors); the cookie is then partitioned by
// that page's site (CHIPS). Requests from other sites are refused (Sec-Fetch-Site, see
// [net/http.CrossOriginProtection]).
//
// Notes are plain text when they come from a desk package. What is made of them for the page,
// lines and links, goes through a sanitiser that lets nothing else pass.
package portal

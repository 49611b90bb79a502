package soap

import (
	"net/http"
	"strings"

	"deskbridge/providers"
)

// Fault is what a service says when it refuses, of SOAP 1.1 or 1.2 and in whatever namespace.
type Fault struct {
	// Code has no prefix: Client, Server, FailedAuthentication.
	Code string
	// Text is the fault string, Detail the text of all that is below detail.
	Text, Detail string
}

// classify asks the desk first, then the code. The empty kind means that the fault does not
// tell whether the request took effect.
func (c *Client) classify(fault Fault) (providers.Kind, error) {
	if c.options.Classify != nil {
		if kind, cause := c.options.Classify(fault); kind != "" {
			return kind, cause
		}
	}
	code := fault.Code
	switch {
	case strings.HasPrefix(code, "Client"), code == "Sender":
		return providers.Invalid, nil
	case code == "MustUnderstand", code == "VersionMismatch":
		return providers.Misconfigured, nil
	case code == "FailedAuthentication", code == "InvalidSecurity", code == "InvalidSecurityToken":
		return providers.Unauthenticated, nil // WS-Security 1.1, 12
	}
	return "", nil
}

// classifyStatus reads a fault in an error's body. A status that says more than a fault's code
// is left to the table of package rest; the desk's own reading goes before both.
func (c *Client) classifyStatus(status int, body []byte) (providers.Kind, error) {
	_, fault, err := incoming(body, "", "")
	if err != nil || fault == nil {
		return "", nil
	}
	if status == http.StatusInternalServerError || status == http.StatusBadRequest {
		return c.classify(*fault)
	}
	if c.options.Classify != nil {
		return c.options.Classify(*fault)
	}
	return "", nil
}

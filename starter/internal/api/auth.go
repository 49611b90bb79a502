package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"deskbridge/internal/config"
	"deskbridge/workflows"
)

// Role says what a caller may do.
type Role string

// The roles.
const (
	// Automation is Activate itself.
	Automation Role = "automation"
	// Administrator is a person who looks after Deskbridge.
	Administrator Role = "administrator"
	// EndUser sees and writes to their own tickets.
	EndUser Role = "end-user"
)

// Caller is who sent a request.
type Caller struct {
	Role Role
	// Subject is the token's subject. Some issuers put an address there: see Name.
	Subject string
	// Person is an end user as the token has them; People the keyed hashes of their identities.
	Person workflows.Person
	People []string
}

// hash is the keyed hash of an end user; Activate itself has none.
func (c Caller) hash() string {
	if c.Role == EndUser && len(c.People) > 0 {
		return c.People[0]
	}
	return ""
}

// Name names the caller on record: Activate and administrators by their subject, end users by their
// hash.
func (c Caller) Name() string {
	if c.Role == EndUser {
		return string(c.Role) + " " + c.hash()
	}
	return string(c.Role) + " " + c.Subject
}

// Authenticator tells who bears a token.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (Caller, error)
}

// errToken is all that a caller is told of a token that is not taken.
var errToken = errors.New("the bearer token is missing, expired, or not for this application; get one from the issuer and send it as Authorization: Bearer TOKEN")

// OIDC takes the tokens of an issuer (OpenID Connect Core 1.0; RFC 9068), verified by the keys that
// it publishes.
type OIDC struct {
	verifier *oidc.IDTokenVerifier
	config   config.OIDC
}

// NewOIDC reads the issuer's configuration.
func NewOIDC(ctx context.Context, settings config.OIDC) (*OIDC, error) {
	provider, err := oidc.NewProvider(ctx, settings.Issuer)
	if err != nil {
		return nil, fmt.Errorf("api.oidc.issuer: %w", err)
	}
	return &OIDC{provider.Verifier(&oidc.Config{ClientID: settings.Audience}), settings}, nil
}

// Authenticate verifies a token and reads its roles and its person.
func (o *OIDC) Authenticate(ctx context.Context, token string) (Caller, error) {
	verified, err := o.verifier.Verify(ctx, token)
	if err != nil {
		return Caller{}, errToken
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		return Caller{}, errToken
	}
	caller := Caller{Subject: verified.Subject}
	granted := texts(find(claims, o.config.RolesClaim))
	for _, role := range []struct {
		name string
		Role
	}{{o.config.Roles.Administrator, Administrator}, {o.config.Roles.Automation, Automation}, {o.config.Roles.EndUser, EndUser}} {
		for _, name := range granted {
			if caller.Role == "" && name == role.name && name != "" {
				caller.Role = role.Role
			}
		}
	}
	if caller.Role == EndUser {
		caller.Person = o.person(claims)
	}
	return caller, nil
}

func (o *OIDC) person(claims map[string]any) workflows.Person {
	read := func(name string) string {
		text, _ := find(claims, name).(string)
		return text
	}
	person := workflows.Person{EmployeeNumber: read(o.config.Claims.EmployeeNumber), Login: read(o.config.Claims.Login), DisplayName: read("name")}
	// An address that its bearer has not proven is anybody's (OpenID Connect Core 1.0, 5.1).
	if verified, told := claims["email_verified"].(bool); o.config.Claims.Email != "email" || !told || verified {
		person.Email = read(o.config.Claims.Email)
	}
	return person
}

// find reads a claim by its name, or by a path of names such as realm_access.roles.
func find(claims map[string]any, path string) any {
	if path == "" {
		return nil
	}
	if value, is := claims[path]; is {
		return value
	}
	name, rest, deeper := strings.Cut(path, ".")
	inner, _ := claims[name].(map[string]any)
	if !deeper || inner == nil {
		return nil
	}
	return find(inner, rest)
}

// texts reads a claim that is a list of texts, or one text with spaces between.
func texts(claim any) []string {
	switch claim := claim.(type) {
	case string:
		return strings.Fields(claim)
	case []any:
		var all []string
		for _, item := range claim {
			if text, is := item.(string); is {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// Static takes one token, for development on one machine.
type Static struct{ Token string }

// Authenticate takes the token for an administrator's.
func (s Static) Authenticate(_ context.Context, token string) (Caller, error) {
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) != 1 {
		return Caller{}, errToken
	}
	return Caller{Role: Administrator, Subject: "static token"}, nil
}

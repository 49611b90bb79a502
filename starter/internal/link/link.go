// Package link makes and checks the links by which an end user gets to the portal: JSON Web Tokens
// (RFC 7519) with HMAC-SHA256. They hold hashes of the person's identities and no name.
package link

import (
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// The uses of a token; one is never taken for the other.
const (
	// Open is that of a link, which is short-lived.
	Open = "deskbridge portal link"
	// Session is that of an opened portal.
	Session = "deskbridge portal session"
)

// Pass says whom a token lets in, and where.
type Pass struct {
	// People are the keyed hashes of the person's identities.
	People []string `json:"people"`
	// Ticket is the workflow ID of the one ticket that may be seen; all of the person's if empty.
	Ticket string `json:"ticket,omitempty"`
	// Until is when it ends, in whole seconds.
	Until time.Time `json:"-"`
}

// Signer makes and checks tokens. It is safe for concurrent use.
type Signer struct {
	signer jose.Signer
	key    []byte
}

// New makes a signer with a key of 32 bytes.
func New(key []byte) (*Signer, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &Signer{signer, key}, nil
}

// Sign makes a token for one use.
func (s *Signer) Sign(use string, pass Pass) (string, error) {
	return jwt.Signed(s.signer).Claims(jwt.Claims{
		Audience: jwt.Audience{use}, Expiry: jwt.NewNumericDate(pass.Until), IssuedAt: jwt.NewNumericDate(time.Now()),
	}).Claims(pass).Serialize()
}

// ErrInvalid says that a token is expired, forged or made for another use.
var ErrInvalid = errors.New("the link is not valid, or not any more")

// maxToken bounds what is looked at, in bytes.
const maxToken = 4096

// Check returns what a token lets its bearer see.
func (s *Signer) Check(use, token string) (Pass, error) {
	if len(token) > maxToken {
		return Pass{}, ErrInvalid
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return Pass{}, ErrInvalid
	}
	var claims jwt.Claims
	var pass Pass
	if err := parsed.Claims(s.key, &claims, &pass); err != nil {
		return Pass{}, ErrInvalid
	}
	if claims.Expiry == nil || len(pass.People) == 0 {
		return Pass{}, ErrInvalid
	}
	if err := claims.ValidateWithLeeway(jwt.Expected{AnyAudience: jwt.Audience{use}, Time: time.Now()}, 0); err != nil {
		return Pass{}, ErrInvalid
	}
	pass.Until = claims.Expiry.Time()
	return pass, nil
}

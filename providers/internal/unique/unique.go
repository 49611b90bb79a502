// Package unique asks whether a login or an e-mail address is somebody's, for desks that do
// not keep them unique themselves.
package unique

import (
	"context"
	"errors"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
)

// Check is a [providers.Conflict] where a login or an e-mail address belongs to another user than
// userID; what is empty, and an identity that the desk does not have, is not asked for.
func Check(ctx context.Context, client *rest.Client, op string, desk providers.UserFinder, userID, login, email string) error {
	for _, query := range []providers.UserQuery{{By: providers.ByLogin, Value: login}, {By: providers.ByEmail, Value: email}} {
		if query.Value == "" {
			continue
		}
		users, err := desk.FindUsers(ctx, query)
		if errors.Is(err, providers.Unsupported) {
			continue
		}
		if err != nil {
			return err
		}
		for _, user := range users {
			if user.ID != userID {
				return client.Failf(op, providers.Conflict, "login or e-mail address are in use")
			}
		}
	}
	return nil
}

// Given is what an update sets; empty where it leaves a field alone.
func Given(field *string) string {
	if field == nil {
		return ""
	}
	return *field
}

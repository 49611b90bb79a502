// Package unique asks whether a login or an e-mail address is somebody's, for desks that do
// not keep them unique themselves.
package unique

import (
	"context"

	"deskbridge/providers"
)

// Taken says whether a login or an e-mail address belongs to another user than userID; what is
// empty is not asked for.
func Taken(ctx context.Context, desk providers.UserFinder, userID, login, email string) (bool, error) {
	for _, query := range []providers.UserQuery{{By: providers.ByLogin, Value: login}, {By: providers.ByEmail, Value: email}} {
		if query.Value == "" {
			continue
		}
		users, err := desk.FindUsers(ctx, query)
		if err != nil {
			return false, err
		}
		for _, user := range users {
			if user.ID != userID {
				return true, nil
			}
		}
	}
	return false, nil
}

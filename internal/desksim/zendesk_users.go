package desksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

func (api *zendesk) userOf(user *User) object {
	fields := object{}
	for _, name := range api.desk.options.UserFields {
		fields[name] = nil
		if value := user.Fields[name]; value != "" {
			fields[name] = value
		}
	}
	made := object{
		"id": user.ID, "url": fmt.Sprintf("%s/api/v2/users/%d.json", api.base, user.ID), "name": user.Name, "email": user.Email, "external_id": nil,
		"role": "end-user", "active": true, "suspended": user.Disabled, "verified": true, "user_fields": fields, "tags": []string{},
		"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
	}
	for _, name := range []string{"alias", "details", "notes", "phone"} {
		made[name] = user.Attributes[name]
	}
	if user.Login != "" && !user.Privileged {
		made["external_id"] = user.Login
	}
	if user.Privileged {
		made["role"], made["name"] = "admin", user.Login
	}
	return made
}

func (api *zendesk) me(who caller, _ http.ResponseWriter, _ *http.Request) answer {
	made := api.userOf(who.user)
	if !who.rights {
		made["role"] = "end-user"
	}
	return ok(object{"user": made})
}

func (api *zendesk) searchUsers(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return zendeskForbidden
	}
	field, value, _ := strings.Cut(r.URL.Query().Get("query"), ":")
	value = strings.ToLower(strings.Trim(value, `"`))
	users := []object{}
	for _, user := range sorted(api.desk.users) {
		var found bool
		switch {
		case r.URL.Query().Has("external_id"):
			found = !user.Privileged && strings.EqualFold(user.Login, r.URL.Query().Get("external_id"))
		case field == "email":
			found = value != "" && strings.HasPrefix(strings.ToLower(user.Email), value) // parts match too
		default:
			found = value != "" && strings.HasPrefix(strings.ToLower(user.Fields[field]), value)
		}
		if found {
			users = append(users, api.userOf(user))
		}
	}
	return ok(object{"users": users, "count": len(users), "next_page": nil, "previous_page": nil})
}

type zendeskUser struct {
	Name, Email, Role *string
	ExternalID        *string `json:"external_id"`
	Suspended         *bool
	Alias, Details    *string
	Notes, Phone      *string
	UserFields        map[string]string `json:"user_fields"`
}

func (api *zendesk) createUser(who caller, _ http.ResponseWriter, r *http.Request) answer {
	if !who.rights {
		return zendeskForbidden
	}
	return api.fillUser(r, &User{}, http.StatusCreated)
}

// fillUser writes a user's fields; what it does not know is ignored.
func (api *zendesk) fillUser(r *http.Request, user *User, status int) answer {
	var body struct{ User zendeskUser }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return answer{status: http.StatusBadRequest, body: object{"error": "Unprocessable", "message": err.Error()}}
	}
	given := body.User
	if given.Email != nil && user.ID == 0 {
		if other := api.desk.userByEmail(*given.Email); other != nil {
			return zendeskInvalid("email", "DuplicateValue", "Email: "+*given.Email+" is already being used by another user")
		}
		user.Email = strings.ToLower(*given.Email)
	}
	if given.ExternalID != nil {
		if other := api.desk.userByLogin(*given.ExternalID); other != nil && other != user {
			return zendeskInvalid("external_id", "DuplicateValue", "External has already been taken")
		}
		user.Login = *given.ExternalID
	}
	for name, value := range map[string]*string{"alias": given.Alias, "details": given.Details, "notes": given.Notes, "phone": given.Phone} {
		if value != nil {
			user.Attributes = with(user.Attributes, name, *value)
		}
	}
	for name, value := range given.UserFields {
		user.Fields = with(user.Fields, name, value)
	}
	if given.Name != nil {
		user.Name = *given.Name
	}
	if given.Suspended != nil {
		user.Disabled = *given.Suspended
	}
	api.desk.putUser(user)
	return answer{status: status, body: object{"user": api.userOf(user)}}
}

func (api *zendesk) findUser(who caller, r *http.Request) (*User, answer) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	switch user := api.desk.users[id]; {
	case !who.rights:
		return nil, zendeskForbidden
	case user == nil:
		return nil, zendeskNotFound
	default:
		return user, answer{}
	}
}

func (api *zendesk) getUser(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.findUser(who, r)
	if user == nil {
		return refused
	}
	return ok(object{"user": api.userOf(user)})
}

func (api *zendesk) updateUser(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.findUser(who, r)
	if user == nil {
		return refused
	}
	return api.fillUser(r, user, http.StatusOK)
}

// Identities beside the primary address are kept in an attribute.
const zendeskSecond = "second address"

func (api *zendesk) identityOf(user *User, id int, email string) object {
	return object{
		"id": id, "user_id": user.ID, "type": "email", "value": email, "primary": email == user.Email, "verified": true,
		"url": api.base, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
	}
}

func (api *zendesk) identities(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.findUser(who, r)
	if user == nil {
		return refused
	}
	all := []object{api.identityOf(user, user.ID*10, user.Email)}
	if second := user.Attributes[zendeskSecond]; second != "" {
		all = append(all, api.identityOf(user, user.ID*10+1, second))
	}
	return ok(object{"identities": all})
}

func (api *zendesk) addIdentity(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user, refused := api.findUser(who, r)
	if user == nil {
		return refused
	}
	var body struct{ Identity struct{ Value string } }
	_ = json.NewDecoder(r.Body).Decode(&body)
	if other := api.desk.userByEmail(body.Identity.Value); other != nil {
		return zendeskInvalid("email", "DuplicateValue", "Email is already being used by another user")
	}
	user.Attributes = with(user.Attributes, zendeskSecond, body.Identity.Value)
	api.desk.putUser(user)
	return answer{status: http.StatusCreated, body: object{"identity": api.identityOf(user, user.ID*10+1, body.Identity.Value)}}
}

func (api *zendesk) makePrimary(who caller, w http.ResponseWriter, r *http.Request) answer {
	user, refused := api.findUser(who, r)
	if user == nil {
		return refused
	}
	if r.PathValue("identity") == strconv.Itoa(user.ID*10+1) {
		user.Email, user.Attributes[zendeskSecond] = user.Attributes[zendeskSecond], user.Email
		api.desk.putUser(user)
	}
	return api.identities(who, w, r)
}

package desksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

// userAttributes are the fields of a user beside name, address and custom fields that RT knows.
var userAttributes = []string{"Organization", "NickName", "Address1", "City", "Country", "HomePhone", "WorkPhone", "MobilePhone", "Comments"}

func (api *rest2) findUser(path string) *User {
	if id, err := strconv.Atoi(path); err == nil {
		return api.desk.users[id]
	}
	return api.desk.userByLogin(path)
}

func (api *rest2) fields(names []string, values map[string]string) []object {
	fields := []object{}
	for _, name := range names {
		list := []string{}
		if value := values[name]; value != "" {
			list = append(list, value)
		}
		fields = append(fields, object{"name": name, "type": "customfield", "values": list})
	}
	return fields
}

func (api *rest2) getUser(who caller, _ http.ResponseWriter, r *http.Request) answer {
	user := api.findUser(r.PathValue("id"))
	if user == nil {
		return notFound
	}
	reply := object{"Name": user.Login, "EmailAddress": user.Email, "RealName": user.Name, "Privileged": boolNumber(user.Privileged)}
	if !who.rights {
		return ok(reply) // RT leaves out what the account may not see
	}
	maps.Copy(reply, object{
		"id": user.ID, "Disabled": strconv.Itoa(boolNumber(user.Disabled)),
		"CustomFields": api.fields(api.desk.options.UserFields, user.Fields),
	})
	for name, value := range user.Attributes {
		reply[name] = value
	}
	return ok(reply)
}

func boolNumber(value bool) int {
	if value {
		return 1
	}
	return 0
}

func (api *rest2) searchUsers(_ caller, _ http.ResponseWriter, r *http.Request) answer {
	var conditions []condition
	if reply, ok := decode(r, &conditions); !ok {
		return reply
	}
	disabled := r.URL.Query().Get("find_disabled_rows") != ""
	rows := slices.DeleteFunc(sorted(api.desk.users), func(user *User) bool {
		if user.Disabled && !disabled {
			return true
		}
		return slices.ContainsFunc(conditions, func(c condition) bool { return !api.userHolds(user, c) })
	})
	return list(r, rows, true, func(user *User) object {
		row := api.ref("user", user.Login)
		row["Name"], row["EmailAddress"], row["Disabled"] = user.Login, user.Email, ""
		if strings.Contains(r.URL.Query().Get("fields"), "id") {
			row["id"] = user.ID
		}
		row["CustomFields"] = api.fields(api.desk.options.UserFields, user.Fields)
		return row
	})
}

func (api *rest2) userHolds(user *User, c condition) bool {
	switch name := strings.TrimSuffix(strings.TrimPrefix(c.Field, "CustomField.{"), "}"); {
	case c.Field == "Name":
		return strings.EqualFold(user.Login, c.Value)
	case c.Field == "EmailAddress":
		return strings.EqualFold(user.Email, c.Value)
	case slices.Contains(api.desk.options.UserFields, name):
		return strings.EqualFold(user.Fields[name], c.Value)
	}
	return true // RT ignores what it does not know and lists everybody
}

func (api *rest2) createUser(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body map[string]json.RawMessage
	if reply, ok := decode(r, &body); !ok {
		return reply
	}
	if !who.rights {
		return message(http.StatusBadRequest, "Permission Denied")
	}
	user := &User{Attributes: map[string]string{}, Fields: map[string]string{}}
	if problem := api.apply(user, body); problem != "" {
		return message(http.StatusBadRequest, "%s", problem)
	}
	if user.Login == "" {
		user.Login = user.Email
	}
	api.desk.putUser(user)
	reply := api.ref("user", user.Login)
	return answer{status: http.StatusCreated, body: reply, location: fmt.Sprintf("/user/%d", user.ID)}
}

func (api *rest2) updateUser(who caller, _ http.ResponseWriter, r *http.Request) answer {
	var body map[string]json.RawMessage
	if reply, ok := decode(r, &body); !ok {
		return reply
	}
	user := api.findUser(r.PathValue("id"))
	if user == nil {
		return message(http.StatusNotFound, "Resource does not exist; use POST to create")
	}
	messages := []string{}
	if !who.rights {
		return ok(messages) // 200 and nothing done
	}
	changed := *user
	changed.Attributes, changed.Fields = maps.Clone(user.Attributes), maps.Clone(user.Fields)
	if problem := api.apply(&changed, body); problem != "" {
		return ok(append(messages, fmt.Sprintf("User %s: %s", user.Login, problem)))
	}
	api.desk.putUser(&changed)
	return ok(append(messages, fmt.Sprintf("User %s changed", changed.Login)))
}

// apply sets what a request gives; a problem is in RT's words.
func (api *rest2) apply(user *User, body map[string]json.RawMessage) string {
	text := func(name string) (string, bool) {
		raw, given := body[name]
		return scalarText(raw), given && string(raw) != "null"
	}
	if login, given := text("Name"); given && login != "" {
		if other := api.desk.userByLogin(login); other != nil && other.ID != user.ID {
			return "Name in use"
		}
		user.Login = login
	}
	if email, given := text("EmailAddress"); given {
		if other := api.desk.userByEmail(email); other != nil && other.ID != user.ID {
			return "Email address in use"
		}
		if _, err := mail.ParseAddress(email); email != "" && err != nil {
			return "Invalid syntax for email address"
		}
		user.Email = email
	}
	if name, given := text("RealName"); given {
		user.Name = name
	}
	if disabled, given := text("Disabled"); given {
		user.Disabled = disabled == "1"
	}
	for _, name := range userAttributes {
		if value, given := text(name); given {
			user.Attributes = with(user.Attributes, name, value)
		}
	}
	var custom map[string]string
	_ = json.Unmarshal(body["CustomFields"], &custom)
	for name, value := range custom {
		if slices.Contains(api.desk.options.UserFields, name) {
			user.Fields = with(user.Fields, name, value)
		}
	}
	return ""
}

func with(values map[string]string, name, value string) map[string]string {
	if values == nil {
		values = map[string]string{}
	}
	values[name] = value
	return values
}

// scalarText takes a JSON string or number.
func scalarText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

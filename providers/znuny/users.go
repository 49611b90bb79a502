package znuny

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/flow"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/soap"
	"deskbridge/providers/internal/text"
	"deskbridge/providers/internal/unique"
)

const (
	customerUsers = "CustomerUserObject"
	valid         = "1"
	invalid       = "2"
	// rootUser is on whose behalf rpc.pl writes: Znuny's own first agent.
	rootUser = "1"
)

// FindUsers implements [providers.UserFinder].
func (d *Desk) FindUsers(ctx context.Context, query providers.UserQuery) ([]providers.User, error) {
	const op = "find users"
	value := strings.TrimSpace(query.Value)
	var logins []string
	switch {
	case value == "":
		return nil, d.client.HTTP.Failf(op, providers.Invalid, "the %s is empty", query.By)
	case query.By == providers.ByLogin:
		logins = []string{value}
	case query.By == providers.ByEmail:
		var err error
		if logins, err = d.searchEmail(ctx, op, value); err != nil {
			return nil, err
		}
	default:
		return nil, d.client.HTTP.Failf(op, providers.Unsupported, "Znuny's customer users have no %s", query.By)
	}
	var users []providers.User
	for _, login := range logins {
		fields, err := d.fields(ctx, op, "CustomerUserDataGet", "User", login)
		if err != nil {
			return nil, err
		}
		found := user(fields)
		if found.ID != "" && strings.EqualFold(map[providers.Identity]string{providers.ByEmail: found.Email, providers.ByLogin: found.Login}[query.By], value) {
			users = append(users, found)
		}
	}
	if len(users) == 0 { // a wrong password looks the same
		return nil, d.checkRPC(ctx, op)
	}
	return users, nil
}

// searchEmail returns the logins of customer users who may have an address. PostMasterSearch quotes
// it twice and so never finds one with an apostrophe; the detailed search quotes it once, but takes
// an asterisk for a wildcard.
func (d *Desk) searchEmail(ctx context.Context, op, address string) ([]string, error) {
	if strings.Contains(address, "'") {
		return d.dispatch(ctx, d.client.Read, op, customerUsers, "CustomerSearchDetail", "UserEmail", address, "Valid", "0")
	}
	found, err := d.fields(ctx, op, "CustomerSearch", "PostMasterSearch", address, "Valid", "0")
	return slices.Sorted(maps.Keys(found)), err
}

func user(fields map[string]string) providers.User {
	return providers.User{
		ID: fields["UserLogin"], Login: fields["UserLogin"], Email: fields["UserEmail"], Active: fields["ValidID"] == valid,
		DisplayName: strings.TrimSpace(fields["UserFirstname"] + " " + fields["UserLastname"]),
	}
}

// CreateUser implements [providers.UserCreator]. The login is the e-mail address if none is given.
func (d *Desk) CreateUser(ctx context.Context, user providers.NewUser) (providers.User, error) {
	const op = "create user"
	if user.Login == "" {
		user.Login = user.Email
	}
	if err := unique.Check(ctx, d.client.HTTP, op, d, "", user.Login, user.Email); err != nil {
		return providers.User{}, err
	}
	fields := map[string]string{"UserLogin": user.Login, "UserEmail": user.Email, "ValidID": valid, "UserCustomerID": d.config.CustomerID}
	if d.config.CustomerID == "" {
		fields["UserCustomerID"] = user.Login
	}
	fields["UserFirstname"], fields["UserLastname"] = text.Names(user.DisplayName, user.Login)
	maps.Copy(fields, user.Attributes)
	answer, err := d.dispatch(ctx, d.client.Write, op, customerUsers, "CustomerUserAdd", arguments(fields)...)
	if err != nil {
		return providers.User{}, err
	}
	if len(answer) == 0 {
		if err := unique.Check(ctx, d.client.HTTP, op, d, "", user.Login, user.Email); err != nil {
			return providers.User{}, err
		}
		return providers.User{}, d.client.HTTP.Failf(op, providers.Invalid, "Znuny refuses the customer user; it checks the e-mail address, and needs first and last name")
	}
	return d.readBack(ctx, op, user.Login, fields)
}

// UpdateUser implements [providers.UserUpdater]. A login is not changed: it is the user's ID.
func (d *Desk) UpdateUser(ctx context.Context, update providers.UserUpdate) (providers.User, error) {
	const op = "update user"
	before, err := d.fields(ctx, op, "CustomerUserDataGet", "User", update.UserID)
	if err != nil {
		return providers.User{}, err
	}
	if before["UserLogin"] == "" {
		if err := d.checkRPC(ctx, op); err != nil {
			return providers.User{}, err
		}
		return providers.User{}, d.client.HTTP.Failf(op, providers.NotFound, "Znuny has no such customer user")
	}
	changed, err := d.changes(ctx, op, update, before)
	if err != nil {
		return providers.User{}, err
	}
	// Znuny sets to null what is not given, so that everything is.
	fields := maps.Clone(before)
	maps.Copy(fields, changed)
	for _, name := range []string{"Config", "CompanyConfig", "UserPassword", "UserID"} {
		delete(fields, name)
	}
	fields["ID"] = before["UserLogin"]
	answer, err := d.dispatch(ctx, d.client.Write, op, customerUsers, "CustomerUserUpdate", arguments(fields)...)
	if err != nil {
		return providers.User{}, err
	}
	if len(answer) == 0 {
		return providers.User{}, d.client.HTTP.Failf(op, providers.Invalid, "Znuny refuses the change; its log says why")
	}
	return d.readBack(ctx, op, before["UserLogin"], changed)
}

// changes are the fields that an update gives, by Znuny's names.
func (d *Desk) changes(ctx context.Context, op string, update providers.UserUpdate, before map[string]string) (map[string]string, error) {
	changed := map[string]string{}
	if update.Login != nil && *update.Login != before["UserLogin"] {
		return nil, d.client.HTTP.Failf(op, providers.Unsupported, "a customer user's login is its ID; rename it in Znuny")
	}
	if update.Email != nil && !strings.EqualFold(*update.Email, before["UserEmail"]) {
		if err := unique.Check(ctx, d.client.HTTP, op, d, before["UserLogin"], "", *update.Email); err != nil {
			return nil, err
		}
		changed["UserEmail"] = *update.Email
	}
	if update.DisplayName != nil {
		changed["UserFirstname"], changed["UserLastname"] = text.Names(*update.DisplayName, before["UserLogin"])
	}
	if update.Active != nil {
		changed["ValidID"] = map[bool]string{true: valid, false: invalid}[*update.Active]
	}
	for name := range update.Attributes {
		if _, known := before[name]; !known {
			return nil, d.client.HTTP.Failf(op, providers.Invalid, "Znuny's customer users have no field %s", name)
		}
	}
	maps.Copy(changed, update.Attributes)
	return changed, nil
}

// arguments puts fields in a fixed order, with on whose behalf they are written.
func arguments(fields map[string]string) []string {
	all := []string{"UserID", rootUser}
	if fields["Source"] == "" {
		all = append(all, "Source", "CustomerUser")
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] != "" {
			all = append(all, name, fields[name])
		}
	}
	return all
}

// readBack returns a user after a write and tells which fields Znuny did not take.
func (d *Desk) readBack(ctx context.Context, op, login string, want map[string]string) (providers.User, error) {
	fields, err := d.fields(ctx, op, "CustomerUserDataGet", "User", login)
	if err != nil {
		return providers.User{}, err
	}
	if fields["UserLogin"] == "" {
		return providers.User{}, d.client.HTTP.Failf(op, providers.UnknownOutcome, "Znuny does not show the customer user that it wrote")
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if fields[name] != want[name] {
			return providers.User{}, d.client.HTTP.Failf(op, providers.Invalid, "Znuny did not take field %s of the customer user", name)
		}
	}
	return user(fields), nil
}

// DeactivateUser implements [providers.UserDeactivator].
func (d *Desk) DeactivateUser(ctx context.Context, userID string) error {
	return flow.Deactivate(ctx, d, userID)
}

// checkRPC makes a call that must answer, so that silence means a wrong password.
func (d *Desk) checkRPC(ctx context.Context, op string) error {
	sources, err := d.fields(ctx, op, "CustomerSourceList")
	if err == nil && len(sources) == 0 {
		return d.client.HTTP.Failf(op, providers.Unauthenticated, "rpc.pl refuses rpc_login and rpc_password; they are SOAP::User and SOAP::Password in Znuny's system configuration")
	}
	return err
}

// fields calls a method that answers keys and values.
func (d *Desk) fields(ctx context.Context, op, method string, parameters ...string) (map[string]string, error) {
	values, err := d.dispatch(ctx, d.client.Read, op, customerUsers, method, parameters...)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for i := 0; i+1 < len(values); i += 2 {
		fields[values[i]] = values[i+1]
	}
	return fields, nil
}

// dispatch calls a method of one of Znuny's objects and returns what it answers in a row.
func (d *Desk) dispatch(ctx context.Context, send func(context.Context, soap.Call) (rest.Answer, error), op, object, method string, parameters ...string) ([]string, error) {
	if d.config.RPCLogin == "" {
		return nil, d.client.HTTP.Failf(op, providers.Misconfigured, "this connection has no access to customer users; %s", rpcCure)
	}
	password, err := d.config.RPCPassword.Reveal()
	if err != nil {
		return nil, d.client.HTTP.Refuse(op, err)
	}
	request := &dispatch{Arguments: append([]string{d.config.RPCLogin, password, object, method}, parameters...)}
	var answer dispatched
	if _, err := send(ctx, soap.Call{Op: op, Path: "/rpc.pl", Action: "/Core#Dispatch", Request: request, Response: &answer}); err != nil {
		return nil, d.client.HTTP.Explain(err, providers.NotFound, op, "there is no rpc.pl at this address; %s", rpcCure)
	}
	row := answer.row()
	values := make([]string, len(row))
	for i, value := range row {
		values[i] = value.Text
		if strings.HasSuffix(value.Type, "base64Binary") {
			decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value.Text))
			if err != nil {
				return nil, d.client.HTTP.Failf(op, providers.Malformed, "a value is not base64")
			}
			values[i] = string(decoded)
		}
	}
	return values, nil
}

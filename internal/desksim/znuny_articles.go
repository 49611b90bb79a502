package desksim

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func articleText(article *element) newFile {
	return newFile{contentType: article.value("ContentType"), content: []byte(article.value("Body"))}
}

// attachments reads the files of a request; each needs a name, a type and a content.
func attachments(request *element) ([]newFile, *znunyError) {
	var files []newFile
	for _, file := range request.all("Attachment") {
		for _, needed := range []string{"Content", "ContentType", "Filename"} {
			if file.value(needed) == "" {
				return nil, &znunyError{"MissingParameter", fmt.Sprintf("Attachment->%s  parameter is missing!", needed)}
			}
		}
		content, err := base64.StdEncoding.DecodeString(file.value("Content"))
		if err != nil {
			return nil, &znunyError{"InvalidParameter", "Attachment->Content parameter is invalid!"}
		}
		files = append(files, newFile{name: file.value("Filename"), contentType: file.value("ContentType"), content: content})
	}
	return files, nil
}

var htmlTag = regexp.MustCompile(`<[^>]*>`)

// article writes a message; Znuny makes plain text of HTML.
func (api *znuny) article(note *Note, request *element) *element {
	row := el("Article", "").with(el("ArticleID", strconv.Itoa(note.ID)), el("ArticleNumber", "1"))
	text := ""
	for number, id := range note.Parts {
		file := api.desk.files[id]
		if file.Name == "" {
			text = string(file.Content)
			if strings.HasPrefix(file.ContentType, "text/html") {
				text = "\n" + html.UnescapeString(htmlTag.ReplaceAllString(text, "")) + "\n\n"
			}
			continue
		}
		if request.value("Attachments") == "1" {
			content := ""
			if request.value("GetAttachmentContents") != "0" {
				content = base64.StdEncoding.EncodeToString(file.Content)
			}
			row.with(el("Attachment", "").with(
				el("Content", content), el("ContentType", file.ContentType), el("Disposition", "attachment"),
				el("FileID", strconv.Itoa(number)), el("Filename", file.Name), el("FilesizeRaw", strconv.Itoa(len(file.Content))),
			))
		}
	}
	visible, sender := "0", "agent"
	if note.Kind != Internal {
		visible = "1"
	}
	if note.Kind == Created {
		sender = "customer"
	}
	return row.with(
		el("Body", text), el("ContentType", "text/plain; charset=utf-8"), el("CreateTime", api.stamp(note.At)),
		el("From", api.desk.users[note.Author].Login+" Account"), el("IsVisibleForCustomer", visible), el("SenderType", sender),
	)
}

// rpc serves rpc.pl: user, password, object, method, keys and values in unnamed elements.
func (api *znuny) rpc(w http.ResponseWriter, r *http.Request) {
	call, err := readSOAP(r)
	if err != nil || call.operation.name != "Dispatch" || len(call.operation.children) < 4 {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	var arguments []string
	for _, child := range call.operation.children {
		arguments = append(arguments, child.text)
	}
	parameters := map[string]string{}
	for i := 4; i+1 < len(arguments); i += 2 {
		parameters[arguments[i]] = arguments[i+1]
	}
	api.desk.mu.Lock()
	defer api.desk.mu.Unlock()
	var values []string
	allowed := slices.ContainsFunc(api.desk.options.Accounts, func(account Account) bool {
		return account.Login == "rpc" && arguments[0] == "rpc" && account.Token == arguments[1]
	})
	w.Header().Set("Date", api.desk.now().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	if allowed {
		var known bool
		if values, known = api.dispatch(arguments[2], arguments[3], parameters, arguments[4:]); !known {
			fault := &element{name: "soap:Fault"}
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(envelope(fault.with(el("faultcode", "soap:Server"), el("faultstring", "Can't locate object method"))))
			return
		}
	}
	if err := api.desk.flush(); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer := dispatchResponse(values)
	if arguments[3] == "CustomerSearchDetail" && allowed {
		answer = inArray(answer)
	}
	_, _ = w.Write(envelope(answer))
}

// inArray has the values of an answer in a SOAP array, as a reference to a list is written.
func inArray(answer *element) *element {
	array := &element{name: "soapenc:Array", children: answer.children, attributes: map[string]string{
		"xmlns:soapenc": "http://schemas.xmlsoap.org/soap/encoding/", "xsi:type": "soapenc:Array",
		"soapenc:arrayType": fmt.Sprintf("xsd:string[%d]", len(answer.children)),
	}}
	for _, item := range array.children {
		item.name = "item"
	}
	answer.children = []*element{array}
	return answer
}

// dispatchResponse writes values in elements with made-up names; no values at all are nil.
func dispatchResponse(values []string) *element {
	answer := &element{space: "/Core", name: "DispatchResponse"}
	if values == nil {
		answer.attributes = map[string]string{"xsi:nil": "true"}
	}
	for number, value := range values {
		row := &element{name: fmt.Sprintf("s-gensym%d", 18+2*number), text: value, attributes: map[string]string{"xsi:type": "xsd:string"}}
		if !onlyASCII.MatchString(value) {
			row.text, row.attributes["xsi:type"] = base64.StdEncoding.EncodeToString([]byte(value)), "xsd:base64Binary"
		}
		answer.with(row)
	}
	return answer
}

// dispatch calls one of Znuny's own methods; what fails answers nothing.
func (api *znuny) dispatch(object, method string, given map[string]string, arguments []string) (values []string, known bool) {
	switch object + "." + method {
	case "ConfigObject.Get":
		if len(arguments) == 1 && arguments[0] == "OTRSTimeZone" {
			return []string{api.desk.options.Zone.String()}, true
		}
		return nil, true
	case "CustomerUserObject.CustomerSourceList":
		return []string{"CustomerUser", "Database Backend"}, true
	case "CustomerUserObject.CustomerUserDataGet":
		user := api.desk.userByLogin(given["User"])
		if user == nil || user.Privileged || user.Attributes["UserFirstname"] == "" {
			return nil, true
		}
		return customerFields(user), true
	case "CustomerUserObject.CustomerSearch":
		quotedTwice := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(given["PostMasterSearch"])
		for _, user := range api.customersByEmail(quotedTwice, given) {
			values = append(values, user.Login, user.Name+" <"+user.Email+">")
		}
		return values, true
	case "CustomerUserObject.CustomerSearchDetail":
		values = []string{}
		for _, user := range api.customersByEmail(given["UserEmail"], given) {
			values = append(values, user.Login)
		}
		return values, true
	case "CustomerUserObject.CustomerUserAdd":
		return api.addCustomer(given), true
	case "CustomerUserObject.CustomerUserUpdate":
		user := api.desk.userByLogin(given["ID"])
		if user == nil || !api.fill(user, given) {
			return nil, true
		}
		return []string{"1"}, true
	case "TicketObject.TicketMerge", "TicketObject.TicketDelete":
		return api.workOn(method, given), true
	}
	return []string{"No such Object " + object + "!"}, object != "CustomerUserObject" && object != "TicketObject"
}

func (api *znuny) customersByEmail(address string, given map[string]string) []*User {
	var found []*User
	for _, user := range sorted(api.desk.users) {
		if user.Attributes["UserFirstname"] != "" && strings.EqualFold(user.Email, address) && (!user.Disabled || given["Valid"] == "0") {
			found = append(found, user)
		}
	}
	return found
}

func (api *znuny) workOn(method string, given map[string]string) []string {
	number := func(name string) *Ticket {
		id, _ := strconv.Atoi(given[name])
		return api.desk.tickets[id]
	}
	agent := api.desk.userByLogin(systemUser).ID
	if method == "TicketDelete" && number("TicketID") != nil {
		number("TicketID").Status = statusDeleted
		api.desk.touch("ticket", number("TicketID").ID, number("TicketID"))
		return []string{"1"}
	}
	if from, into := number("MergeTicketID"), number("MainTicketID"); method == "TicketMerge" && from != nil && into != nil && from != into {
		api.desk.merge(from, into, agent)
		return []string{"1"}
	}
	return nil
}

var customerAttributes = []string{"UserFirstname", "UserLastname", "UserCustomerID", "UserPhone", "UserCity", "UserComment", "UserTitle"}

func customerFields(user *User) []string {
	validity := "1"
	if user.Disabled {
		validity = "2"
	}
	fields := []string{"UserLogin", user.Login, "UserID", user.Login, "UserEmail", user.Email, "ValidID", validity, "Source", "CustomerUser", "UserFullname", user.Name}
	for _, name := range customerAttributes {
		fields = append(fields, name, user.Attributes[name])
	}
	return fields
}

func (api *znuny) addCustomer(given map[string]string) []string {
	if given["UserLogin"] == "" || api.desk.userByLogin(given["UserLogin"]) != nil && api.desk.userByLogin(given["UserLogin"]).Attributes["UserFirstname"] != "" {
		return nil
	}
	user := &User{Login: given["UserLogin"]}
	if !api.fill(user, given) {
		return nil
	}
	return []string{user.Login}
}

// fill sets the fields of a customer user; those that are not given are lost, as at Znuny.
func (api *znuny) fill(user *User, given map[string]string) bool {
	if other := api.desk.userByEmail(given["UserEmail"]); other != nil && other != user {
		return false
	}
	if !strings.Contains(given["UserEmail"], "@") || given["UserFirstname"] == "" || given["UserLastname"] == "" || given["UserCustomerID"] == "" {
		return false
	}
	user.Email, user.Disabled = given["UserEmail"], given["ValidID"] == "2"
	user.Name, user.Attributes = given["UserFirstname"]+" "+given["UserLastname"], map[string]string{}
	for _, name := range customerAttributes {
		user.Attributes[name] = given[name]
	}
	api.desk.putUser(user)
	return true
}

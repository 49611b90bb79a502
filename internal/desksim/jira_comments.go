package desksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// comments lists both kinds unless one is left out; nothing where the request may not be seen.
func (api *jira) comments(who caller, _ http.ResponseWriter, r *http.Request) answer {
	query := r.URL.Query()
	var notes []*Note
	if ticket := api.find(who, r.PathValue("id")); ticket != nil {
		notes = slices.DeleteFunc(api.desk.discussion(ticket), func(note *Note) bool {
			return note.Kind == Public && query.Get("public") == "false" || note.Kind == Internal && query.Get("internal") == "false"
		})
	}
	return jsmPage(r, notes, 50, func(note *Note) object { return api.commentOf(r, note, query) })
}

func (api *jira) commentOf(r *http.Request, note *Note, query url.Values) object {
	text, files := api.desk.parts(note)
	made := object{
		"id": strconv.Itoa(note.ID), "body": string(text.Content), "public": note.Kind == Public, "created": jsmDate(note.At),
		"author": api.userOf(r, api.desk.users[note.Author]),
	}
	if strings.Contains(query.Get("expand"), "renderedBody") {
		made["renderedBody"] = object{"html": renderWiki(text)}
	}
	if strings.Contains(query.Get("expand"), "attachment") {
		made["attachments"] = api.attachmentsOf(r, note, files)
	}
	return made
}

func (api *jira) attachmentsOf(r *http.Request, note *Note, files []*File) object {
	values := []object{}
	for _, file := range files {
		address := fmt.Sprintf("%s/rest/api/2/attachment/%d", api.base, file.ID)
		values = append(values, object{
			"filename": file.Name, "size": len(file.Content), "mimeType": file.ContentType, "created": jsmDate(note.At),
			"author": api.userOf(r, api.desk.users[note.Author]), "_links": object{"self": address, "jiraRest": address, "content": address, "thumbnail": address},
		})
	}
	return object{"size": len(values), "start": 0, "limit": 50, "isLastPage": true, "values": values}
}

var (
	wikiEscape = regexp.MustCompile(`\\([^A-Za-z0-9\s])`)
	wikiBold   = regexp.MustCompile(`\*([^*\n]+)\*`)
)

// renderWiki shows wiki markup as HTML, as far as bold text, lines and paragraphs go.
func renderWiki(text *File) string {
	if strings.HasPrefix(text.ContentType, "text/html") {
		return string(text.Content)
	}
	var kept []string
	source := wikiEscape.ReplaceAllStringFunc(string(text.Content), func(escaped string) string {
		kept = append(kept, escaped[1:])
		return fmt.Sprintf("\x00%d\x01", len(kept)-1)
	})
	source = wikiBold.ReplaceAllString(source, "\x02$1\x03")
	for i, char := range kept {
		source = strings.ReplaceAll(source, fmt.Sprintf("\x00%d\x01", i), char)
	}
	source = asHTML(&File{Content: []byte(source)})
	source = strings.NewReplacer("\x02", "<b>", "\x03", "</b>", "<br><br>", "</p><p>").Replace(source)
	return "<p>" + source + "</p>"
}

func (api *jira) addComment(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.find(who, r.PathValue("id"))
	if ticket == nil {
		return jsmError(http.StatusNotFound, "sd.request.not.found", "The request does not exist.")
	}
	var body struct {
		Body   string
		Public bool
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Body == "" {
		return jsmError(http.StatusBadRequest, "sd.comment.empty", "A comment cannot be empty.")
	}
	kind := Internal
	if body.Public {
		kind = Public
	}
	note := api.desk.addNote(ticket, who.user.ID, kind, newFile{contentType: "text/x-wiki", content: []byte(body.Body)})
	return answer{status: http.StatusCreated, body: api.commentOf(r, note, r.URL.Query())}
}

func (api *jira) attachTemporary(who caller, _ http.ResponseWriter, r *http.Request) answer {
	file, given := firstUpload(r, "file")
	switch {
	case r.Header.Get("X-Atlassian-Token") != "no-check":
		return jsmError(http.StatusForbidden, "xsrf", "XSRF check failed")
	case !given || !who.rights || r.PathValue("desk") != jiraServiceDesk:
		return jsmForbidden
	}
	id := fmt.Sprintf("temp%d", len(api.temporary)+1)
	api.temporary[id] = file
	return answer{status: http.StatusCreated, body: object{"temporaryAttachments": []object{{"temporaryAttachmentId": id, "fileName": file.name}}}}
}

func (api *jira) attach(who caller, _ http.ResponseWriter, r *http.Request) answer {
	ticket := api.find(who, r.PathValue("id"))
	var body struct {
		TemporaryAttachmentIDs []string
		Public                 bool
		AdditionalComment      struct{ Body string }
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	if ticket == nil || err != nil {
		return jsmError(http.StatusNotFound, "sd.request.not.found", "The request does not exist.")
	}
	kind := Internal
	if body.Public {
		kind = Public
	}
	parts := []newFile{{contentType: "text/x-wiki", content: []byte(body.AdditionalComment.Body)}}
	for _, id := range body.TemporaryAttachmentIDs {
		file, known := api.temporary[id]
		if !known {
			return jsmError(http.StatusBadRequest, "sd.attachment.not.found", "The temporary attachment does not exist.")
		}
		parts = append(parts, file)
	}
	note := api.desk.addNote(ticket, who.user.ID, kind, parts...)
	_, files := api.desk.parts(note)
	return answer{status: http.StatusCreated, body: object{"comment": api.commentOf(r, note, r.URL.Query()), "attachments": api.attachmentsOf(r, note, files)}}
}

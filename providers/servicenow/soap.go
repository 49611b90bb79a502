package servicenow

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"deskbridge/providers"
	"deskbridge/providers/internal/rest"
	"deskbridge/providers/internal/soap"
	wire "deskbridge/providers/servicenow/internal/record"
)

// maxAttachmentSOAP is what the AttachmentCreator takes, in bytes.
const maxAttachmentSOAP = 5 << 20

// tablesSOAP are the direct web services, one a table.
type tablesSOAP struct{ client *soap.Client }

func newTablesSOAP(options rest.Options) tablesSOAP {
	return tablesSOAP{soap.New(soap.Options{HTTP: options, Unqualified: true, Classify: classifyFault})}
}

// classifyFault reads the text of a fault; its code is always that of the server.
func classifyFault(fault soap.Fault) (providers.Kind, error) {
	said := fault.Text + fault.Detail
	if kind, cause := classify(500, []byte(said)); kind != "" {
		return kind, cause
	}
	switch {
	case strings.Contains(said, "Insufficient rights"), strings.Contains(said, "ACL Exception"), strings.Contains(said, "security constraints"):
		return providers.Forbidden, nil
	case strings.Contains(said, "Invalid table"):
		return providers.Misconfigured, nil
	}
	return "", nil
}

// field is a field of a record as an element.
type field struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// elements writes fields in the order of their names, which is that of the tables' WSDLs.
func elements(fields map[string]string) []field {
	var all []field
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		all = append(all, field{XMLName: xml.Name{Local: name}, Value: fields[name]})
	}
	return all
}

func (t tablesSOAP) call(op, table, operation string, request, response any) soap.Call {
	namespace := "http://www.service-now.com/" + table
	path := "/" + url.PathEscape(table) + ".do?SOAP" // the vendor's spelling, without a value
	if operation == "getRecords" {
		path += "&displayvalue=all"
	}
	return soap.Call{
		Op: op, Path: path,
		Namespace: namespace, Action: namespace + "/" + operation, Request: request, Response: response,
	}
}

// found is the answer to getRecords. With displayvalue=all a field f has its display in dv_f.
type found struct {
	XMLName xml.Name `xml:"http://www.service-now.com/record getRecordsResponse"`
	Rows    []struct {
		Fields []field `xml:",any"`
	} `xml:"getRecordsResult"`
}

func (t tablesSOAP) records(ctx context.Context, op string, query query) (rows, error) {
	request := &wire.GetRecords{
		X__encoded_query: query.where, X__first_row: strconv.Itoa(query.offset), X__last_row: strconv.Itoa(query.offset + min(query.limit, maxPageSize)),
		X__limit: strconv.Itoa(min(query.limit, maxPageSize)),
	}
	var answer found
	said, err := t.client.Read(ctx, t.call(op, query.table, "getRecords", request, &answer))
	if err != nil {
		return rows{}, err
	}
	all := rows{total: -1, at: said.At}
	for _, row := range answer.Rows {
		read := record{}
		for _, field := range row.Fields {
			if name, isDisplay := strings.CutPrefix(field.XMLName.Local, "dv_"); isDisplay {
				read[name] = value{read[name].Value, field.Value}
				continue
			}
			read[field.XMLName.Local] = value{field.Value, read[field.XMLName.Local].Display}
		}
		for name, both := range read {
			if both.Display == "" {
				read[name] = value{both.Value, both.Value}
			}
		}
		all.records = append(all.records, read)
	}
	return all, nil
}

func (t tablesSOAP) insert(ctx context.Context, op, table string, fields map[string]string) (string, error) {
	request := &struct {
		wire.Insert
		Fields []field
	}{Fields: elements(fields)}
	var answer wire.InsertResponse
	_, err := t.client.Write(ctx, t.call(op, table, "insert", request, &answer))
	return answer.Sys_id, err
}

func (t tablesSOAP) update(ctx context.Context, op, table, sysID string, fields map[string]string) error {
	fields = maps.Clone(fields)
	fields["sys_id"] = sysID
	request := &struct {
		wire.Update
		Fields []field
	}{Fields: elements(fields)}
	var answer wire.UpdateResponse
	_, err := t.client.Write(ctx, t.call(op, table, "update", request, &answer))
	return err
}

func (t tablesSOAP) attach(ctx context.Context, op, table, sysID string, file providers.NewAttachment) error {
	if len(file.Content) > maxAttachmentSOAP {
		return t.client.HTTP.Failf(op, providers.TooLarge, "the file has %d bytes; by SOAP ServiceNow takes at most %d, by REST more", len(file.Content), maxAttachmentSOAP)
	}
	if strings.Contains(file.Name, ":") {
		return t.client.HTTP.Failf(op, providers.Invalid, "by SOAP a file's name cannot have a colon")
	}
	_, err := t.insert(ctx, op, "ecc_queue", map[string]string{
		"agent": "AttachmentCreator", "topic": "AttachmentCreator", "name": file.Name + ":application/octet-stream",
		"source": table + ":" + sysID, "payload": base64.StdEncoding.EncodeToString(file.Content),
	})
	return err
}

func (t tablesSOAP) holds(_ context.Context, _ string, attachment record, content []byte) (bool, error) {
	hash := sha256.Sum256(content)
	said := attachment.value("hash")
	return said == "" || strings.EqualFold(said, hex.EncodeToString(hash[:])), nil
}

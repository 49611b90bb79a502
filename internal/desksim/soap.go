package desksim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
)

// element is an XML element that was read, or is about to be written.
type element struct {
	space, name string
	attributes  map[string]string
	text        string
	children    []*element
}

// el makes an element with a text.
func el(name, text string) *element { return &element{name: name, text: text} }

// with adds children and leaves out those that are nil.
func (e *element) with(children ...*element) *element {
	for _, child := range children {
		if child != nil {
			e.children = append(e.children, child)
		}
	}
	return e
}

// child is the first of this name, or an empty one.
func (e *element) child(name string) *element {
	for _, child := range e.children {
		if child.name == name {
			return child
		}
	}
	return &element{}
}

// all are the children of this name.
func (e *element) all(name string) []*element {
	var found []*element
	for _, child := range e.children {
		if child.name == name {
			found = append(found, child)
		}
	}
	return found
}

// value is the text of the first child of this name.
func (e *element) value(name string) string { return e.child(name).text }

// values are the texts of the children of this name.
func (e *element) values(name string) []string {
	var texts []string
	for _, child := range e.all(name) {
		texts = append(texts, child.text)
	}
	return texts
}

// write appends the element as XML; spaces is the namespace of what is around it.
func (e *element) write(out *bytes.Buffer, space string) {
	out.WriteString("<" + e.name)
	if e.space != space && e.space != "" {
		out.WriteString(` xmlns="` + escape(e.space) + `"`)
		space = e.space
	}
	for name, value := range e.attributes {
		out.WriteString(" " + name + `="` + escape(value) + `"`)
	}
	if e.text == "" && len(e.children) == 0 {
		out.WriteString(" />")
		return
	}
	out.WriteString(">" + escape(e.text))
	for _, child := range e.children {
		child.write(out, space)
	}
	out.WriteString("</" + e.name + ">")
}

func escape(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // a buffer takes everything
	return out.String()
}

// parseXML reads a document into its root.
func parseXML(content []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	root := &element{}
	stack := []*element{root}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			child := &element{space: token.Name.Space, name: token.Name.Local}
			top.children = append(top.children, child)
			stack = append(stack, child)
		case xml.EndElement:
			if len(top.children) > 0 {
				top.text = ""
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(token)
		}
	}
	if len(root.children) != 1 {
		return nil, errors.New("no root element")
	}
	return root.children[0], nil
}

// soapCall is a request: its operation, its headers, and the action without quotes.
type soapCall struct {
	action    string
	header    *element
	operation *element
}

func readSOAP(r *http.Request) (soapCall, error) {
	content, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return soapCall{}, err
	}
	envelope, err := parseXML(content)
	if err != nil {
		return soapCall{}, err
	}
	body := envelope.child("Body")
	if envelope.name != "Envelope" || envelope.space != "http://schemas.xmlsoap.org/soap/envelope/" || len(body.children) == 0 {
		return soapCall{}, errors.New("no SOAP 1.1 envelope with a body")
	}
	return soapCall{action: strings.Trim(r.Header.Get("SOAPAction"), `"`), header: envelope.child("Header"), operation: body.children[0]}, nil
}

// envelope writes an answer as SOAP::Lite does.
func envelope(content *element) []byte {
	var out bytes.Buffer
	out.WriteString(`<?xml version="1.0" encoding="UTF-8"?><soap:Envelope soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>`)
	content.write(&out, "")
	out.WriteString("</soap:Body></soap:Envelope>")
	return out.Bytes()
}

package soap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// namespaceEnvelope is SOAP 1.1's.
const namespaceEnvelope = "http://schemas.xmlsoap.org/soap/envelope/"

// maxDepth bounds how deep an answer may nest.
const maxDepth = 64

// outgoing puts an operation into its namespace, and its children into none if unqualified.
// It returns the namespace with which the request was generated: the answer is decoded by it.
func (c *Client) outgoing(envelope []byte, namespace string) (rewritten []byte, generated string, err error) {
	var out bytes.Buffer
	out.WriteString(xml.Header)
	decoder := xml.NewDecoder(bytes.NewReader(envelope))
	depth, body := 0, false
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return out.Bytes(), generated, nil
		}
		if err != nil {
			return nil, "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			name, attributes := prefixed(token.Name), token.Attr
			if body && depth > 3 { // encoding/xml writes xmlns="" on what has an XMLName of its own
				_, attributes = takeNamespace(attributes)
			}
			if body && depth == 3 {
				generated, attributes = takeNamespace(attributes)
				if namespace == "" {
					namespace = generated
				}
				// A prefix keeps the namespace from the children, a default gives it to them.
				declaration := xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: namespace}
				if c.options.Unqualified {
					name, declaration.Name.Local = "op:"+name, "xmlns:op"
				}
				attributes = append(attributes, declaration)
			}
			body = body || depth == 2 && token.Name.Local == "Body"
			writeStart(&out, name, attributes)
		case xml.EndElement:
			name := prefixed(token.Name)
			if body && depth == 3 && c.options.Unqualified {
				name = "op:" + name
			}
			depth--
			out.WriteString("</" + name + ">")
		case xml.CharData:
			if err := xml.EscapeText(&out, token); err != nil {
				return nil, "", err
			}
		}
	}
}

func prefixed(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

func takeNamespace(attributes []xml.Attr) (namespace string, rest []xml.Attr) {
	for _, attribute := range attributes {
		if attribute.Name.Space == "" && attribute.Name.Local == "xmlns" {
			namespace = attribute.Value
			continue
		}
		rest = append(rest, attribute)
	}
	return namespace, rest
}

func writeStart(out *bytes.Buffer, name string, attributes []xml.Attr) {
	out.WriteString("<" + name)
	for _, attribute := range attributes {
		out.WriteString(" " + prefixed(attribute.Name) + `="`)
		_ = xml.EscapeText(out, []byte(attribute.Value)) // a buffer takes everything
		out.WriteString(`"`)
	}
	out.WriteString(">")
}

// incoming reads an answer and writes it again as gowsdl can decode it: UTF-8, the envelope of
// SOAP 1.1, the operation in the namespace with which its type was generated, everything else
// by its local name. A fault comes back as such.
func incoming(raw []byte, contentType, namespace string) ([]byte, *Fault, error) {
	decoder, err := newDecoder(raw, contentType)
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	var path []string
	var fault *Fault
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, errors.New("the answer is no XML")
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, nil, errors.New("the answer declares a document type, which SOAP forbids")
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if len(path) > maxDepth || len(path) == 1 && token.Name.Local != "Envelope" {
				return nil, nil, errors.New("the answer is no SOAP envelope")
			}
			if inBody(path) && len(path) == 3 && token.Name.Local == "Fault" {
				fault = &Fault{}
			}
			writeStart(&out, token.Name.Local, localAttributes(token.Attr, path, namespace))
		case xml.EndElement:
			path = path[:len(path)-1]
			out.WriteString("</" + token.Name.Local + ">")
		case xml.CharData:
			fault.add(path, string(token))
			if len(path) > 0 {
				_ = xml.EscapeText(&out, token)
			}
		}
	}
	if out.Len() == 0 {
		return nil, nil, errors.New("the answer is empty")
	}
	return out.Bytes(), fault, nil
}

func inBody(path []string) bool { return len(path) >= 2 && path[1] == "Body" }

// localAttributes keeps what an element says about its value, and declares namespaces where
// gowsdl asks for them.
func localAttributes(attributes []xml.Attr, path []string, namespace string) []xml.Attr {
	var kept []xml.Attr
	switch {
	case len(path) == 1:
		kept = append(kept, xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: namespaceEnvelope})
	case inBody(path) && len(path) == 3:
		kept = append(kept, xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: namespace})
	}
	for _, attribute := range attributes {
		if attribute.Name.Local != "xmlns" && attribute.Name.Space != "xmlns" && len(path) > 2 {
			kept = append(kept, xml.Attr{Name: xml.Name{Local: attribute.Name.Local}, Value: attribute.Value})
		}
	}
	return kept
}

// add collects a fault's text: faultcode, faultstring and detail of SOAP 1.1, Code/Value,
// Reason/Text and Detail of SOAP 1.2.
func (f *Fault) add(path []string, text string) {
	if f == nil || len(path) < 4 || path[2] != "Fault" {
		return
	}
	switch strings.ToLower(path[3]) {
	case "faultcode", "code":
		if len(path) == 4 || path[len(path)-1] == "Value" {
			text = strings.TrimSpace(text)
			f.Code += text[strings.LastIndex(text, ":")+1:]
		}
	case "faultstring", "reason":
		f.Text += text
	case "detail":
		f.Detail += text
	}
}

// newDecoder reads the encoding from the Content-Type, which goes before the XML declaration
// (RFC 7303, 3.2), unless it says UTF-8 of what is none.
func newDecoder(raw []byte, contentType string) (*xml.Decoder, error) {
	_, parameters, _ := mime.ParseMediaType(contentType) // "" for none
	label := strings.ToLower(parameters["charset"])
	isUTF8 := utf8.Valid(raw)
	if label == "" || label == "utf-8" && !isUTF8 {
		decoder := xml.NewDecoder(bytes.NewReader(raw))
		decoder.CharsetReader = charset.NewReaderLabel
		return decoder, nil
	}
	reader, err := charset.NewReaderLabel(label, bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("the answer is in an encoding that is not known")
	}
	decoder := xml.NewDecoder(reader)
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	return decoder, nil
}

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// wsdlTypes makes the Go types of a WSDL: each <dir>/<package>.wsdl becomes <dir>/<package>.go.
// gowsdl runs as a program of its own, for as a library it has a data race. What it would drop
// without a word is mended:
//
//   - a name that begins with __ (ServiceNow's query parameters) becomes an exported field X__;
//   - a required element is written when it is empty too: BMC sets to null what is missing.
func wsdlTypes(path string) ([]byte, error) {
	name := strings.TrimSuffix(filepath.Base(path), ".wsdl")
	types, err := gowsdl(path, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	required, err := requiredElements(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "// Code generated from %s by gowsdl and internal/gen. DO NOT EDIT.\n\n", filepath.Base(path))
	fmt.Fprintf(&out, "// Package %s holds the types of %s.\npackage %s\n\nimport \"encoding/xml\"\n", name, filepath.Base(path), name)
	out.WriteString(mend(types, required))
	source, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return source, nil
}

// gowsdl returns the types that it generates, without what it writes before them. Our WSDLs
// have no operations, so that nothing comes after.
func gowsdl(path, name string) (string, error) {
	folder, err := os.MkdirTemp("", "gowsdl")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	command := exec.Command("go", "tool", "gowsdl", "-p", name, "-d", folder, "-o", name+".go", path) //nolint:gosec,noctx // our own files
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("gowsdl: %w: %s", err, output)
	}
	content, err := os.ReadFile(filepath.Join(folder, name, name+".go")) //nolint:gosec // written above
	if err != nil {
		return "", err
	}
	const last = "type NCName string\n"
	_, types, found := strings.Cut(string(content), last)
	if !found || !strings.Contains(types, "xml.Name") {
		return "", errors.New("gowsdl made no types; is this a WSDL with elements?")
	}
	return types, nil
}

var (
	typeLine    = regexp.MustCompile(`^\s*type (\w+) `)
	fieldLine   = regexp.MustCompile(`^(\s*)(\w+)(\s+\S+\s+` + "`" + `xml:")([^",]+)(,omitempty)(" json:"[^"]*)"`)
	jsonTag     = regexp.MustCompile(` json:"[^"]*"`)
	privateName = regexp.MustCompile(`^__`)
)

func mend(types string, required map[string][]string) string {
	var lines []string
	current := ""
	for line := range strings.Lines(types) {
		if match := typeLine.FindStringSubmatch(line); match != nil {
			current = match[1]
		}
		if match := fieldLine.FindStringSubmatch(line); match != nil {
			field, element := match[2], match[4]
			if privateName.MatchString(field) {
				line = strings.Replace(line, field, "X"+field, 1)
			}
			if slices.Contains(required[strings.ToLower(current)], element) {
				line = strings.Replace(line, element+",omitempty", element, 1)
			}
		}
		lines = append(lines, jsonTag.ReplaceAllString(line, ""))
	}
	return strings.Join(lines, "")
}

type schemaElement struct {
	Name      string          `xml:"name,attr"`
	Type      string          `xml:"type,attr"`
	MinOccurs string          `xml:"minOccurs,attr"`
	Complex   []schemaComplex `xml:"complexType"`
}

type schemaComplex struct {
	Name     string          `xml:"name,attr"`
	Elements []schemaElement `xml:"sequence>element"`
}

// requiredElements lists, by the lower-case name of a type, the elements that must be there.
func requiredElements(path string) (map[string][]string, error) {
	content, err := os.ReadFile(path) //nolint:gosec // our own file
	if err != nil {
		return nil, err
	}
	var document struct {
		Elements []schemaElement `xml:"types>schema>element"`
		Types    []schemaComplex `xml:"types>schema>complexType"`
	}
	if err := xml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	required := map[string][]string{}
	add := func(name string, elements []schemaElement) {
		for _, element := range elements {
			if element.MinOccurs != "0" {
				required[strings.ToLower(name)] = append(required[strings.ToLower(name)], element.Name)
			}
		}
	}
	for _, element := range document.Elements {
		for _, complex := range element.Complex {
			add(element.Name, complex.Elements)
		}
	}
	for _, complex := range document.Types {
		add(complex.Name, complex.Elements)
	}
	return required, nil
}

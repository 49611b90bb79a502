package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"go/format"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hooklift/gowsdl"
)

// wsdlTypes makes the Go types of a WSDL: each <dir>/<package>.wsdl becomes <dir>/<package>.go.
// gowsdl's own output is mended where it would drop data without a word:
//
//   - a name that begins with __ (ServiceNow's query parameters) becomes an exported field X__;
//   - a required element is written when it is empty too: BMC sets to null what is missing.
func wsdlTypes(path string) ([]byte, error) {
	name := strings.TrimSuffix(filepath.Base(path), ".wsdl")
	log.SetOutput(io.Discard) // gowsdl tells what it reads
	generator, err := gowsdl.NewGoWSDL(path, name, false, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	code, err := generator.Start()
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
	out.WriteString(mend(string(code["types"]), required))
	source, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return source, nil
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

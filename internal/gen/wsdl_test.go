package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const small = `<definitions name="small" targetNamespace="urn:small" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:small">
  <types><xsd:schema targetNamespace="urn:small">
    <xsd:element name="getRecords"><xsd:complexType><xsd:sequence>
      <xsd:element name="__limit" type="xsd:string" minOccurs="0"/>
      <xsd:element name="Summary" type="xsd:string"/>
      <xsd:element name="Inner" type="tns:Inner" minOccurs="0" maxOccurs="unbounded"/>
    </xsd:sequence></xsd:complexType></xsd:element>
    <xsd:complexType name="Inner"><xsd:sequence>
      <xsd:element name="Summary" type="xsd:string" minOccurs="0"/>
      <xsd:element name="Name" type="xsd:string"/>
    </xsd:sequence></xsd:complexType>
  </xsd:schema></types>
</definitions>`

// gowsdl drops both without a word: a field that begins with __ is not exported, and every
// field is left out when it is empty.
func TestWhatGowsdlWouldDropIsMended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.wsdl")
	require.NoError(t, os.WriteFile(path, []byte(small), 0o600))
	source, err := wsdlTypes(path)
	require.NoError(t, err)
	text := string(source)
	require.Contains(t, text, "X__limit string `xml:\"__limit,omitempty\"`")
	require.Contains(t, text, "type GetRecords struct {\n\tXMLName xml.Name `xml:\"urn:small getRecords\"`")
	require.Contains(t, text, "\tSummary string `xml:\"Summary\"`", "required in getRecords")
	require.Contains(t, text, "\tSummary string `xml:\"Summary,omitempty\"`", "optional in Inner, of the same name")
	require.Contains(t, text, "\tName string `xml:\"Name\"`")
	require.Contains(t, text, "Inner []*Inner `xml:\"Inner,omitempty\"`")
	require.NotContains(t, text, "json:")
}

func TestAWSDLThatIsNoneIsAnErrorThatNamesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.wsdl")
	require.NoError(t, os.WriteFile(path, []byte("<definitions"), 0o600))
	_, err := wsdlTypes(path)
	require.ErrorContains(t, err, "broken.wsdl")
}

// Package geotest writes small databases of countries, for tests.
package geotest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Layout is how a record holds the code of a country.
type Layout func(code string) []byte

// The layouts of the common makers.
var (
	MaxMind Layout = func(code string) []byte { return object("country", object("iso_code", text(code))) }
	Flat    Layout = func(code string) []byte { return object("country_code", text(code)) }
	IPinfo  Layout = func(code string) []byte { return object("country", text(code)) }
	Nothing Layout = func(string) []byte { return object("asn", text("AS64496")) }
)

// File writes a database of networks and their countries, and returns its path.
func File(t testing.TB, layout Layout, countries map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	if err := os.WriteFile(path, Bytes(layout, countries), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Bytes returns what [File] writes. The form is that of the MaxMind DB File
// Format Specification 2.0, with 24 bits for each side of a node.
func Bytes(layout Layout, countries map[string]string) []byte {
	type node [2]int // 0 is nothing, positive a node, negative a record
	nodes := []node{{}}
	var records [][]byte
	var networks []string
	for network := range countries {
		networks = append(networks, network)
	}
	slices.Sort(networks)
	for _, network := range networks {
		p := netip.MustParsePrefix(network)
		bits := p.Bits()
		b := p.Addr().As16()
		if p.Addr().Is4() { // is below ::/96
			four := p.Addr().As4()
			b = [16]byte{12: four[0], 13: four[1], 14: four[2], 15: four[3]}
			bits += 96
		}
		records = append(records, layout(countries[network]))
		at := 0
		for i := range bits {
			side := int(b[i/8]>>(7-i%8)) & 1
			if i == bits-1 {
				nodes[at][side] = -len(records)
				break
			}
			if nodes[at][side] <= 0 {
				nodes = append(nodes, node{})
				nodes[at][side] = len(nodes) - 1
			}
			at = nodes[at][side]
		}
	}
	var data, out bytes.Buffer
	offsets := make([]int, len(records))
	for i, r := range records {
		offsets[i] = data.Len()
		data.Write(r)
	}
	for _, n := range nodes {
		for _, to := range n {
			v := to
			switch {
			case to == 0:
				v = len(nodes)
			case to < 0:
				v = len(nodes) + 16 + offsets[-to-1]
			}
			out.Write([]byte{byte(v >> 16), byte(v >> 8), byte(v)})
		}
	}
	out.Write(make([]byte, 16))
	out.Write(data.Bytes())
	out.WriteString("\xab\xcd\xefMaxMind.com")
	out.WriteByte(0xe0 | 8)
	for _, pair := range [][2][]byte{
		{text("node_count"), number(uint32(len(nodes)))},
		{text("record_size"), number(24)},
		{text("ip_version"), number(6)},
		{text("database_type"), text("Test-Country")},
		{text("languages"), {0, 4}},
		{text("binary_format_major_version"), number(2)},
		{text("binary_format_minor_version"), number(0)},
		{text("build_epoch"), number(1)},
	} {
		out.Write(pair[0])
		out.Write(pair[1])
	}
	return out.Bytes()
}

// text is short: its length is in the first byte.
func text(s string) []byte { return append([]byte{0x40 | byte(len(s))}, s...) }

func number(n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0xc4}, n) }

// object has one field.
func object(name string, value []byte) []byte {
	return slices.Concat([]byte{0xe1}, text(name), value)
}

// Package geo tells the country of an address, from a file that the operator
// provides: a database in the MaxMind format, of whichever maker.
package geo

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Database is a file of countries, read. It may be used by many at once.
type Database struct {
	reader *maxminddb.Reader
	path   []any // of the country's code, within a record
}

// layouts are where databases keep the code of a country: MaxMind, DB-IP and
// those that are made like them; the ip-location-db family; IPinfo.
var layouts = [][]any{{"country", "iso_code"}, {"country_code"}, {"country"}}

const maxFile = 512 << 20 // bytes; a file of cities is a quarter of that

// samples yields addresses all over the internet. A database of countries knows
// some of them.
func samples(yield func(netip.Addr) bool) {
	for first := range byte(223) {
		for second := 8; second < 256; second += 16 {
			if !yield(netip.AddrFrom4([4]byte{first + 1, byte(second), 8, 8})) {
				return
			}
		}
	}
	for _, first := range [][2]byte{{0x20, 0x01}, {0x24, 0x00}, {0x26, 0x00}, {0x28, 0x00}, {0x2a, 0x00}, {0x2c, 0x0f}} {
		for second := range 256 {
			if !yield(netip.AddrFrom16([16]byte{first[0], first[1], byte(second), 15: 1})) {
				return
			}
		}
	}
}

// Open reads a file of countries. A file that is no such database, or in which
// no record has a country, is an error.
//
// The file is read and not mapped: one that is replaced while it is mapped takes
// the process with it.
func Open(path string) (*Database, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	d, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func parse(b []byte) (*Database, error) {
	reader, err := maxminddb.OpenBytes(b)
	if err != nil {
		return nil, fmt.Errorf("it is no database of the MaxMind format: %w", err)
	}
	// Looking up takes as many steps as an address has bits. To walk a tree that
	// is damaged may take for ever.
	for addr := range samples {
		result := reader.Lookup(addr)
		for _, path := range layouts {
			if code(result, path) != "" {
				return &Database{reader, path}, nil
			}
		}
	}
	return nil, errors.New("it says nothing of countries")
}

// Country returns the code of an address's country, of two capitals, or "" if it
// is not known.
func (d *Database) Country(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() {
		return ""
	}
	return code(d.reader.Lookup(addr), d.path)
}

func code(r maxminddb.Result, path []any) string {
	var s string
	if err := r.DecodePath(&s, path...); err != nil || len(s) != 2 {
		return ""
	}
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		} else if c < 'A' || c > 'Z' {
			return ""
		}
	}
	return string(b)
}

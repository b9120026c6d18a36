package geo_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moorfast/internal/geo"
	"moorfast/internal/geo/geotest"
)

func TestCountry(t *testing.T) {
	countries := map[string]string{"8.8.8.0/24": "US", "2a00::/16": "de", "93.184.0.0/16": "FRA", "95.0.0.0/8": "1!"}
	for name, layout := range map[string]geotest.Layout{"MaxMind": geotest.MaxMind, "flat": geotest.Flat, "IPinfo": geotest.IPinfo} {
		db, err := geo.Open(geotest.File(t, layout, countries))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for addr, want := range map[string]string{
			"8.8.8.8": "US", "::ffff:8.8.8.8": "US", "8.8.9.8": "", "2a00:1450::1": "DE", "2a00:1450::1%eth0": "DE", "2b00::1": "",
			"93.184.216.34": "", "95.1.1.1": "", // codes that are none
			"127.0.0.1": "", "10.0.0.1": "", "::1": "", "fe80::1": "",
		} {
			if got := db.Country(netip.MustParseAddr(addr)); got != want {
				t.Errorf("%s: %s is in %q, want %q", name, addr, got, want)
			}
		}
		if got := db.Country(netip.Addr{}); got != "" {
			t.Errorf("%s: no address is in %q", name, got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(b []byte) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := geotest.Bytes(geotest.MaxMind, map[string]string{"8.8.8.0/24": "US"})
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "none"): "no such file", t.TempDir(): "is a directory",
		write(nil): "no database", write([]byte("hello")): "no database", write(good[:len(good)/2]): "no database",
		geotest.File(t, geotest.Nothing, map[string]string{"8.8.8.0/24": "US"}): "nothing of countries",
		geotest.File(t, geotest.MaxMind, nil):                                   "nothing of countries",
	} {
		if _, err := geo.Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A file may say anything; it does not bring the process down.
func FuzzOpen(f *testing.F) {
	f.Add(geotest.Bytes(geotest.MaxMind, map[string]string{"8.8.8.0/24": "US", "2a00::/16": "DE"}), []byte{8, 8, 8, 8})
	f.Add(geotest.Bytes(geotest.Flat, map[string]string{"2000::/4": "US"}), []byte{0: 32, 15: 1})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file, addr []byte) {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := geo.Open(path)
		if err != nil {
			return
		}
		a, _ := netip.AddrFromSlice(addr)
		if c := db.Country(a); c != "" && (len(c) != 2 || strings.ToUpper(c) != c) {
			t.Errorf("the country is %q", c)
		}
	})
}

func BenchmarkCountry(b *testing.B) {
	path := os.Getenv("MOORFAST_TEST_GEO")
	if path == "" {
		path = geotest.File(b, geotest.MaxMind, map[string]string{"8.8.8.0/24": "US"})
	}
	db, err := geo.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	addr := netip.MustParseAddr("8.8.8.8")
	for b.Loop() {
		db.Country(addr)
	}
}

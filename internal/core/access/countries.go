package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"moorfast/internal/apierr"
	"moorfast/internal/geo"
)

// Countries is a list of countries that are kept out. Its zero value keeps out
// nobody.
type Countries struct{ deny []string }

// ParseCountries reads a comma-separated list of ISO codes, in which spaces,
// letter case and empty entries do not matter. What is no code is an error, and so
// is a list without entries.
func ParseCountries(text string) (Countries, error) {
	var list Countries
	err := entries(text, func(entry string, deny bool) error {
		code := strings.ToUpper(entry)
		if deny || !geo.Known(code) {
			return fmt.Errorf("%.80q is not the code of a country, such as CH", entry)
		}
		list.deny = append(list.deny, code)
		return nil
	})
	if err != nil {
		return Countries{}, err
	}
	return list, nil
}

// Empty reports whether the list says nothing.
func (l Countries) Empty() bool { return len(l.deny) == 0 }

// String names the countries.
func (l Countries) String() string { return describe(l.deny, nil) }

// Region says whether somebody may sign up or in from where an address is. A
// country that is not known is let in, as in the contract.
func (p *Policy) Region(addr netip.Addr) error {
	if !p.abroad(addr) || p.admitted(addr) {
		return nil
	}
	return apierr.RegionAccessDenied
}

// abroad tells whether an address is in a country that is kept out.
func (p *Policy) abroad(addr netip.Addr) bool {
	return !p.settings.Countries.Empty() && slices.Contains(p.settings.Countries.deny, p.settings.CountryOf(addr))
}

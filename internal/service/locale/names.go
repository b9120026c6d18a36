package locale

import (
	"sync"

	tags "golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// names tells what things are called in one language.
type names struct{ regions display.Namer }

var namers sync.Map // locale code to names

// namesIn returns the names in a locale of the contract. Where its language has
// no name for something, it is the English one.
func namesIn(code string) names {
	if n, ok := namers.Load(code); ok {
		return n.(names)
	}
	var n names
	if tag, err := tags.Parse(standard(code)); err == nil {
		if base, _ := tag.Base(); base.String() != "en" {
			n.regions = display.Regions(tag)
		}
	}
	if Known(code) { // of others there is no end
		namers.Store(code, n)
	}
	return n
}

// standard returns the BCP 47 tag of a locale code, where that is another.
func standard(code string) string {
	switch code {
	case "bh":
		return "bho"
	case "ji":
		return "yi"
	case "sb":
		return "hsb"
	case "ua":
		return "uk"
	}
	return code
}

// CountryName names the country of a code, of two capitals, in a locale of the
// contract.
func CountryName(code, locale string) string {
	for _, c := range known().Countries {
		if c.code == code {
			return namesIn(locale).country(c)
		}
	}
	return namesIn(locale).region(code, unknown)
}

func (n names) country(c country) string { return n.region(c.code, c.name) }

// continentRegions are the continents in the codes of UN M.49.
var continentRegions = map[string]string{
	"AF": "002", "AN": "AQ", "AS": "142", "EU": "150", "NA": "003", "OC": "009", "SA": "005",
}

func (n names) continent(e entry) string { return n.region(continentRegions[e.code], e.name) }

func (n names) region(code, english string) string {
	if n.regions == nil {
		return english
	}
	region, err := tags.ParseRegion(code)
	if err != nil {
		return english
	}
	if name := n.regions.Name(region); name != "" {
		return name
	}
	return english
}

// continentOf finds the continent of a country in the tree of regions.
func continentOf(country string) string {
	region, err := tags.ParseRegion(country)
	if err != nil {
		return ""
	}
	for _, e := range known().Continents {
		if within, err := tags.ParseRegion(continentRegions[e.code]); err == nil && (within == region || within.Contains(region)) {
			return e.code
		}
	}
	return ""
}

package locale

import (
	"net/netip"
	"slices"
	"testing"

	"moorfast/internal/api"
)

// invoke runs an endpoint of the service's table for a client in a locale.
func invoke[Out any](t *testing.T, s *Service, name, locale string) Out {
	t.Helper()
	table, err := api.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(table, func(e api.Endpoint) bool { return e.Name == "locale."+name })
	if i < 0 {
		t.Fatalf("there is no endpoint %s", name)
	}
	call := &api.Call{Locale: locale, Client: api.Client{Addr: netip.MustParseAddr("192.0.2.7")}}
	in, err := table[i].Bind(call, &api.Values{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := table[i].Run(t.Context(), call, in)
	if err != nil {
		t.Fatal(err)
	}
	return out.(Out)
}

func TestGet(t *testing.T) {
	in := func(code string) *Service { return &Service{Country: func(netip.Addr) string { return code }} }
	tests := []struct {
		name    string
		service *Service
		locale  string
		want    localeModel
	}{
		{"nobody knows", &Service{}, "en", localeModel{"192.0.2.7", "--", "Unknown", "--", "Unknown", false, ""}},
		{"unknown address", in(""), "en", localeModel{"192.0.2.7", "--", "Unknown", "--", "Unknown", false, ""}},
		{"United States", in("US"), "en", localeModel{"192.0.2.7", "US", "United States", "NA", "North America", false, "USD"}},
		{"Poland", in("PL"), "de", localeModel{"192.0.2.7", "PL", "Polen", "EU", "Europa", true, "PLN"}},
		{"a place that is not listed", in("GL"), "de", localeModel{"192.0.2.7", "GL", "Grönland", "NA", "Nordamerika", false, ""}},
		{"and is not translated", in("GL"), "en", localeModel{"192.0.2.7", "GL", "Unknown", "NA", "North America", false, ""}},
		{"a code that is none", in("ZZ"), "en", localeModel{"192.0.2.7", "ZZ", "Unknown", "--", "Unknown", false, ""}},
		{"Kenya", in("KE"), "fr", localeModel{"192.0.2.7", "KE", "Kenya", "AF", "Afrique", false, ""}},
	}
	for _, tt := range tests {
		if got := invoke[localeModel](t, tt.service, "get", tt.locale); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestLists(t *testing.T) {
	s := &Service{}
	if l := invoke[countryList](t, s, "listCountries", "en"); l.Total != 197 || l.Countries[0].Code != "AF" || l.Countries[196].Code != "ZW" {
		t.Errorf("countries: %d, from %v to %v", l.Total, l.Countries[0], l.Countries[l.Total-1])
	}
	if l := invoke[countryList](t, s, "listCountriesEU", "en"); l.Total != 27 || l.Countries[0].Name != "Austria" || l.Countries[26].Name != "Sweden" {
		t.Errorf("countries of the EU: %d, from %v to %v", l.Total, l.Countries[0], l.Countries[l.Total-1])
	}
	if l := invoke[phoneList](t, s, "listCountriesPhones", "en"); l.Total != 196 || l.Phones[0] != (phoneModel{"+1", "CA", "Canada"}) {
		t.Errorf("dial codes: %d, from %v", l.Total, l.Phones[0])
	}
	for _, p := range invoke[phoneList](t, s, "listCountriesPhones", "en").Phones {
		if err := api.Phone(p.Code + "5550100").Check(); err != nil {
			t.Errorf("the numbers of %s are refused: %v", p.CountryCode, err)
		}
	}
	if l := invoke[continentList](t, s, "listContinents", "en"); l.Total != 7 || l.Continents[0] != (continentModel{"Africa", "AF"}) {
		t.Errorf("continents: %+v", l)
	}
	if l := invoke[codeList](t, s, "listCodes", "en"); l.Total != 131 || l.Codes[0] != (codeModel{"af", "Afrikaans"}) {
		t.Errorf("codes: %d, from %v", l.Total, l.Codes[0])
	}
	if l := invoke[currencyList](t, s, "listCurrencies", "en"); l.Total != 117 || l.Currencies[0].Code != "USD" {
		t.Errorf("currencies: %d, from %v", l.Total, l.Currencies[0])
	}
	if l := invoke[languageList](t, s, "listLanguages", "en"); l.Total != 186 || l.Languages[0].Code != "aa" {
		t.Errorf("languages: %d, from %v", l.Total, l.Languages[0])
	}
}

// Names are in the client's language, and sorted by what the client reads.
func TestNamesAreLocalised(t *testing.T) {
	l := invoke[countryList](t, &Service{}, "listCountries", "es")
	if !slices.IsSortedFunc(l.Countries, func(a, b countryModel) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) }) {
		t.Error("the Spanish countries are not sorted by their Spanish names")
	}
	for locale, want := range map[string]string{
		"en": "Germany", "en-gb": "Germany", "es": "Alemania", "de-ch": "Deutschland", "zh-cn": "德国", "zh-tw": "德國",
		"pt-br": "Alemanha", "ua": "Німеччина", "ji": "דייטשלאַנד", "xx": "Germany", "": "Germany",
	} {
		if got := namesIn(locale).region("DE", "Germany"); got != want {
			t.Errorf("in %q Germany is %q, want %q", locale, got, want)
		}
	}
}

// Every code of the contract is something that x/text can read, or is English.
func TestCodesAreReadable(t *testing.T) {
	for _, c := range known().Codes {
		if n := namesIn(c.code); n.region("FR", "") == "" && n.regions != nil {
			t.Errorf("%s has no name for France", c.code)
		}
	}
	if !Known("de") || Known("DE") || Known("") {
		t.Error("Known is wrong about de, DE or nothing")
	}
}

func TestEveryCountryHasAContinent(t *testing.T) {
	for _, c := range known().Countries {
		if continentOf(c.code) == "" {
			t.Errorf("%s (%s) is on no continent", c.code, c.name)
		}
	}
}

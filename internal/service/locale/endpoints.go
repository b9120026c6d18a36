// Package locale serves facts of the world to clients: where they are, and the
// lists of countries, continents, currencies, languages and dial codes, with
// names in the client's language.
package locale

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/identity"
)

// Service serves the locale endpoints.
type Service struct {
	// Country finds the country of an address, as a code of two capitals, and ""
	// where it cannot tell. Without it, every address is of an unknown country.
	Country func(netip.Addr) string
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	return []api.Endpoint{
		api.New(spec("get", "", "locale", "Tell where the client's address is from."), s.get),
		api.New(spec("listCodes", "/codes", "localeCodeList", "List the locales that a client may ask for."), listCodes),
		api.New(spec("listContinents", "/continents", "continentList", "List the continents."), listContinents),
		api.New(spec("listCountries", "/countries", "countryList", "List the countries."), listCountries),
		api.New(spec("listCountriesEU", "/countries/eu", "countryList", "List the countries of the European Union."), listCountriesEU),
		api.New(spec("listCountriesPhones", "/countries/phones", "phoneList", "List the dial codes of countries."), listPhones),
		api.New(spec("listCurrencies", "/currencies", "currencyList", "List the currencies."), listCurrencies),
		api.New(spec("listLanguages", "/languages", "languageList", "List the languages of ISO 639-1."), listLanguages),
	}
}

// spec is what the endpoints share: each is a GET for anybody.
func spec(name, path, model, summary string) api.Spec {
	return api.Spec{
		Name: "locale." + name, Method: "GET", Path: "/v1/locale" + path, Model: model, Summary: summary,
		Auth: identity.Guest | identity.Session | identity.JWT | identity.Key | identity.Admin, Scopes: []string{"locale.read"},
	}
}

type noParams struct{}

const (
	noCode  = "--"
	unknown = "Unknown"
)

func (s *Service) get(_ context.Context, call *api.Call, _ noParams) (localeModel, error) {
	m := localeModel{
		IP:          call.Client.Addr.String(),
		CountryCode: noCode, Country: unknown, ContinentCode: noCode, Continent: unknown,
	}
	code := ""
	if s.Country != nil {
		code = s.Country(call.Client.Addr)
	}
	all, n := known(), namesIn(call.Locale)
	at := slices.IndexFunc(all.Countries, func(c country) bool { return c.code == code })
	switch {
	case code == "":
		return m, nil
	case at < 0: // a place that the contract does not list, such as Greenland
		m.Country = n.region(code, unknown)
	default:
		m.Country = n.country(all.Countries[at])
	}
	m.CountryCode = code
	m.EU = slices.Contains(all.EU, code)
	for _, e := range all.Continents {
		if e.code == continentOf(code) {
			m.ContinentCode, m.Continent = e.code, n.continent(e)
		}
	}
	for _, c := range all.Currencies {
		if slices.Contains(c.countries, code) {
			m.Currency = c.code
			break
		}
	}
	return m, nil
}

func listCodes(context.Context, *api.Call, noParams) (codeList, error) {
	var list []codeModel
	for _, c := range known().Codes {
		list = append(list, codeModel{Code: c.code, Name: c.name})
	}
	return codeList{len(list), list}, nil
}

func listContinents(_ context.Context, call *api.Call, _ noParams) (continentList, error) {
	n := namesIn(call.Locale)
	var list []continentModel
	for _, e := range known().Continents {
		list = append(list, continentModel{Name: n.continent(e), Code: e.code})
	}
	slices.SortStableFunc(list, func(a, b continentModel) int { return cmp.Compare(a.Name, b.Name) })
	return continentList{len(list), list}, nil
}

func listCountries(_ context.Context, call *api.Call, _ noParams) (countryList, error) {
	return countries(call.Locale, func(string) bool { return true }), nil
}

func listCountriesEU(_ context.Context, call *api.Call, _ noParams) (countryList, error) {
	return countries(call.Locale, func(code string) bool { return slices.Contains(known().EU, code) }), nil
}

func countries(locale string, listed func(code string) bool) countryList {
	n := namesIn(locale)
	var list []countryModel
	for _, c := range known().Countries {
		if listed(c.code) {
			list = append(list, countryModel{Name: n.country(c), Code: c.code})
		}
	}
	slices.SortStableFunc(list, func(a, b countryModel) int { return cmp.Compare(a.Name, b.Name) })
	return countryList{len(list), list}
}

func listPhones(_ context.Context, call *api.Call, _ noParams) (phoneList, error) {
	n := namesIn(call.Locale)
	var list []phoneModel
	for _, c := range known().Countries {
		if c.dial != "" {
			list = append(list, phoneModel{Code: "+" + c.dial, CountryCode: c.code, CountryName: n.country(c)})
		}
	}
	slices.SortStableFunc(list, func(a, b phoneModel) int { return cmp.Compare(a.Code, b.Code) })
	return phoneList{len(list), list}, nil
}

func listCurrencies(context.Context, *api.Call, noParams) (currencyList, error) {
	var list []currencyModel
	for _, c := range known().Currencies {
		list = append(list, currencyModel{
			Symbol: c.symbol, Name: c.name, SymbolNative: c.native, DecimalDigits: c.digits,
			Rounding: c.rounding, Code: c.code, NamePlural: c.plural,
		})
	}
	return currencyList{len(list), list}, nil
}

func listLanguages(context.Context, *api.Call, noParams) (languageList, error) {
	var list []languageModel
	for _, l := range known().Languages {
		list = append(list, languageModel{Name: l.name, Code: l.code, NativeName: l.native})
	}
	return languageList{len(list), list}, nil
}

package locale

type localeModel struct {
	IP            string `json:"ip"`
	CountryCode   string `json:"countryCode"`
	Country       string `json:"country"`
	ContinentCode string `json:"continentCode"`
	Continent     string `json:"continent"`
	EU            bool   `json:"eu"`
	Currency      string `json:"currency"`
}

type codeList struct {
	Total int         `json:"total"`
	Codes []codeModel `json:"localeCodes"`
}

type codeModel struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type countryList struct {
	Total     int            `json:"total"`
	Countries []countryModel `json:"countries"`
}

type countryModel struct {
	Name string `json:"name"`
	Code string `json:"code"`
}

type phoneList struct {
	Total  int          `json:"total"`
	Phones []phoneModel `json:"phones"`
}

type phoneModel struct {
	Code        string `json:"code"`
	CountryCode string `json:"countryCode"`
	CountryName string `json:"countryName"`
}

type continentList struct {
	Total      int              `json:"total"`
	Continents []continentModel `json:"continents"`
}

type continentModel struct {
	Name string `json:"name"`
	Code string `json:"code"`
}

type currencyList struct {
	Total      int             `json:"total"`
	Currencies []currencyModel `json:"currencies"`
}

type currencyModel struct {
	Symbol        string  `json:"symbol"`
	Name          string  `json:"name"`
	SymbolNative  string  `json:"symbolNative"`
	DecimalDigits int     `json:"decimalDigits"`
	Rounding      float64 `json:"rounding"`
	Code          string  `json:"code"`
	NamePlural    string  `json:"namePlural"`
}

type languageList struct {
	Total     int             `json:"total"`
	Languages []languageModel `json:"languages"`
}

type languageModel struct {
	Name       string `json:"name"`
	Code       string `json:"code"`
	NativeName string `json:"nativeName"`
}

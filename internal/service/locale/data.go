package locale

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

// facts are the countries, currencies and languages that the contract lists, in
// its order and with its English names. Other languages are x/text's.
//
//go:embed data.json
var facts []byte

type data struct {
	Codes      []entry    `json:"codes"`
	Countries  []country  `json:"countries"`
	EU         []string   `json:"eu"`
	Continents []entry    `json:"continents"`
	Currencies []currency `json:"currencies"`
	Languages  []language `json:"languages"`
}

// In the file, each of these is a list of its fields.
type (
	entry    struct{ code, name string }
	country  struct{ code, name, dial string }
	language struct{ code, name, native string }
	currency struct {
		code, name, plural, symbol, native string
		digits                             int
		rounding                           float64
		countries                          []string // that have it, as far as the contract says
	}
)

func (e *entry) UnmarshalJSON(b []byte) error    { return fields(b, &e.code, &e.name) }
func (c *country) UnmarshalJSON(b []byte) error  { return fields(b, &c.code, &c.name, &c.dial) }
func (l *language) UnmarshalJSON(b []byte) error { return fields(b, &l.code, &l.name, &l.native) }
func (c *currency) UnmarshalJSON(b []byte) error {
	return fields(b, &c.code, &c.name, &c.plural, &c.symbol, &c.native, &c.digits, &c.rounding, &c.countries)
}

func fields(b []byte, into ...any) error {
	n := len(into)
	if err := json.Unmarshal(b, &into); err != nil {
		return err
	}
	if len(into) != n {
		return fmt.Errorf("%d fields, not %d: %s", len(into), n, b)
	}
	return nil
}

var known = sync.OnceValue(func() *data {
	d := new(data)
	if err := json.Unmarshal(facts, d); err != nil {
		panic(fmt.Sprintf("locale: data.json: %v", err)) // it is part of the program
	}
	return d
})

var codes = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool, len(known().Codes))
	for _, c := range known().Codes {
		set[c.code] = true
	}
	return set
})

// Known reports whether code is a locale that a client may ask for.
func Known(code string) bool { return codes()[code] }

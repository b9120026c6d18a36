package avatars

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own

	"moorfast/internal/api"
)

// The codes of pictures, in any case.
type (
	browserCode string
	cardCode    string
	flagCode    string
)

// UnmarshalJSON lowers the case, and refuses a code that there is not.
func (c *browserCode) UnmarshalJSON(raw []byte) error {
	return oneOf((*string)(c), raw, stock().codes[browsers])
}

// UnmarshalJSON lowers the case, and refuses a code that there is not.
func (c *cardCode) UnmarshalJSON(raw []byte) error {
	return oneOf((*string)(c), raw, stock().codes[cards])
}

// UnmarshalJSON lowers the case, and refuses a code that there is not.
func (c *flagCode) UnmarshalJSON(raw []byte) error {
	return oneOf((*string)(c), raw, stock().codes[flags])
}

// output is a format of pictures, or none.
type output string

// UnmarshalJSON refuses formats that there are not.
func (o *output) UnmarshalJSON(raw []byte) error {
	formats := []string{"jpg", "jpeg", "png", "webp", "heic", "avif", "gif"}
	*o = output(text(raw))
	if *o != "" && !slices.Contains(formats, string(*o)) || string(raw) != `""` && *o == "" {
		return api.Reject("Value must be one of (%s)", strings.Join(formats, ", "))
	}
	return nil
}

func oneOf(field *string, raw []byte, words []string) error {
	*field = strings.ToLower(text(raw))
	if !slices.Contains(words, *field) {
		return api.Reject("Value must be one of (%s)", strings.Join(words, ", "))
	}
	return nil
}

// text returns a JSON text, or "" for anything else.
func text(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// hexColor is a colour of 3 or 6 hexadecimal digits, or none.
type hexColor string

var hexForm = regexp.MustCompile(`^([0-9a-fA-F]{3}|[0-9a-fA-F]{6})?$`)

// Check allows the digits alone.
func (c hexColor) Check() error {
	if !hexForm.MatchString(string(c)) {
		return api.Reject("Value must be a valid Hex color code")
	}
	return nil
}

// zone is the name of a time zone, or none.
type zone string

var zoneForm = regexp.MustCompile(`^(UTC|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z0-9_+/-]{1,50})$`)

// Check allows the names of places in the time zone database.
func (z zone) Check() error {
	if z == "" {
		return nil
	}
	if _, err := time.LoadLocation(string(z)); err != nil || !zoneForm.MatchString(string(z)) {
		return api.Reject("Value must be one of the time zone identifiers, such as Europe/Berlin")
	}
	return nil
}

// Numbers with a fraction, in their ranges.
type (
	scale     float64
	latitude  float64
	longitude float64
	accuracy  float64
)

// UnmarshalJSON reads a number from 0.1 to 3.
func (f *scale) UnmarshalJSON(raw []byte) error { return api.Ranged((*float64)(f), raw, 0.1, 3) }

// UnmarshalJSON reads a number from -90 to 90.
func (f *latitude) UnmarshalJSON(raw []byte) error { return api.Ranged((*float64)(f), raw, -90, 90) }

// UnmarshalJSON reads a number from -180 to 180.
func (f *longitude) UnmarshalJSON(raw []byte) error { return api.Ranged((*float64)(f), raw, -180, 180) }

// UnmarshalJSON reads a number from 0 to 100000.
func (f *accuracy) UnmarshalJSON(raw []byte) error { return api.Ranged((*float64)(f), raw, 0, 100_000) }

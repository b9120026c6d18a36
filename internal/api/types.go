package api

import (
	"bytes"
	"encoding/json"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"moorfast/internal/datetime"
	"moorfast/internal/id"
	"moorfast/internal/perm"
	"moorfast/internal/rawjson"
)

// NewID is the id of a resource that is about to be made. "unique()" leaves the
// choice to the server, and handlers see the choice.
type NewID string

const keyRule = "Parameter must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char"

// Check allows ids, and "unique()".
func (s NewID) Check() error {
	if s != id.Unique && !id.Valid(string(s)) {
		return Reject(keyRule)
	}
	return nil
}

// Choose mints the id where the client asked for one.
func (s *NewID) Choose(next func() string) {
	if *s == id.Unique {
		*s = NewID(next())
	}
}

// ID is the id of a resource that is there already.
type ID string

// Check allows ids.
func (s ID) Check() error {
	if !id.Valid(string(s)) {
		return Reject("UID must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, and underscore. Can't start with a leading underscore")
	}
	return nil
}

// NewProjectID is the id of a project that is about to be made.
type NewProjectID string

// Check allows what can be part of a file name everywhere, and "unique()".
func (s NewProjectID) Check() error {
	if s != id.Unique && !id.ValidProject(string(s)) {
		return Reject("Project IDs must contain at most 36 chars. Valid chars are a-z, 0-9, and hyphen. Can't start with a special char.")
	}
	return nil
}

// Choose mints the id where the client asked for one.
func (s *NewProjectID) Choose(next func() string) {
	if *s == id.Unique {
		*s = NewProjectID(next())
	}
}

// Key is the name of a column or an index.
type Key string

// Check allows what [ID] allows, and says so in the contract's words for keys.
func (s Key) Check() error {
	if !id.Valid(string(s)) {
		return Reject(keyRule)
	}
	return nil
}

// Role is the name of a role in a team, of 1 to 81 chars, so that it can hold
// the console's "project-<id>-<role>".
type Role string

// Check allows letters, digits, '.', '-' and '_', of which the first is no
// special char.
func (s Role) Check() error {
	if !id.ValidUpTo(string(s), 81) {
		return Reject("Parameter must contain at most 81 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char")
	}
	return nil
}

// Label is a label of a user or a project.
type Label string

// Check allows 1 to 36 letters and digits.
func (s Label) Check() error {
	return CheckText(string(s), 1, 36, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
}

// CheckText allows texts of least to most of the chars that are given, which
// are of ASCII.
func CheckText(s string, least, most int, chars string) error {
	if len(s) < least || len(s) > most || strings.Trim(s, chars) != "" {
		return Reject("%s and only consist of '%s' chars", describeText(int64(least), int64(most)), strings.Join(strings.Split(chars, ""), ", "))
	}
	return nil
}

// Email is an e-mail address, in lower case.
type Email string

// UnmarshalJSON lowers the case, as the contract's users have it.
func (s *Email) UnmarshalJSON(raw []byte) error {
	text, ok := unquote(raw)
	if !ok {
		text = notText
	}
	*s = Email(strings.ToLower(text))
	return nil
}

// Check allows a bare address (RFC 5322 addr-spec) of at most 254 bytes whose
// domain has a dot, as addresses on the internet do.
func (s Email) Check() error {
	a, err := mail.ParseAddress(string(s))
	_, domain, _ := strings.Cut(string(s), "@")
	if err != nil || a.Address != string(s) || len(s) > 254 || !strings.Contains(strings.Trim(domain, "."), ".") {
		return Reject("Value must be a valid email address")
	}
	return nil
}

// OptionalEmail is an [Email] that may be empty, which clears it.
type OptionalEmail string

// UnmarshalJSON lowers the case.
func (s *OptionalEmail) UnmarshalJSON(raw []byte) error { return (*Email)(s).UnmarshalJSON(raw) }

// Check allows an address or nothing.
func (s OptionalEmail) Check() error {
	if s == "" {
		return nil
	}
	return Email(s).Check()
}

// Phone is a phone number in the form of E.164.
type Phone string

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// callingCodes are the codes of countries and of services that numbers can begin
// with, after ITU-T E.164.D. No number of another code can be called.
var callingCodes = regexp.MustCompile(`^\+(1|2[07]|21[12368]|2[234]\d|25[0-8]|26\d|29[0178]|3[0-469]|3[57]\d|38[0-35-79]|4[013-9]|42[013]|` +
	`5[1-8]|5[09]\d|6[0-6]|67[02-9]|68\d|69[0-2]|7|8[1246]|800|808|85[02356]|87[08]|88[0-368]|9[0-58]|96\d|97[0-79]|99[2-68])`)

// Check allows "+" and 7 to 15 digits, which begin with a calling code.
func (s Phone) Check() error {
	if !phoneForm.MatchString(string(s)) || !callingCodes.MatchString(string(s)) {
		return Reject("Phone number must start with a '+' can have a maximum of fifteen digits.")
	}
	return nil
}

// OptionalPhone is a [Phone] that may be empty, which clears it.
type OptionalPhone string

// Check allows a number or nothing.
func (s OptionalPhone) Check() error {
	if s == "" {
		return nil
	}
	return Phone(s).Check()
}

// Password is a password that is about to be set. What the project demands of
// it besides its length is checked where the project's settings are known.
type Password string

// Check allows 8 to 256 bytes.
func (s Password) Check() error {
	if len(s) < 8 || len(s) > 256 {
		return Reject("Password must be between 8 and 256 characters long.")
	}
	return nil
}

// WebURL is an address of http or https.
type WebURL string

// Check allows absolute addresses with a host.
func (s WebURL) Check() error {
	u, err := url.Parse(string(s))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(s) > 2048 {
		return Reject("Value must be a valid URL with following schemes (http, https)")
	}
	return nil
}

// URL is an absolute address of any scheme, or "" where it is optional.
type URL string

// Check allows addresses with a scheme, and the empty text.
func (s URL) Check() error {
	if s == "" {
		return nil
	}
	if u, err := url.Parse(string(s)); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" || len(s) > 2048 {
		return Reject("Value must be a valid URL")
	}
	return nil
}

// Hostname is the name of a host, perhaps with a wildcard in front.
type Hostname string

var hostnameForm = regexp.MustCompile(`^(\*|(\*\.)?[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*)$`)

// Check allows names without a scheme, a port or a path.
func (s Hostname) Check() error {
	if len(s) > 253 || !hostnameForm.MatchString(string(s)) {
		return Reject("Value must be a valid hostname without path, port and protocol.")
	}
	return nil
}

// Time is a moment in the form of ISO 8601.
type Time struct{ time.Time }

// UnmarshalJSON reads the forms that clients send.
func (t *Time) UnmarshalJSON(raw []byte) error {
	text, _ := unquote(raw)
	var ok bool
	if t.Time, ok = datetime.Parse(text); !ok {
		return Reject(datetime.Description)
	}
	return nil
}

// Queries is the "queries" parameter of a list: at most 100 texts of at most
// 4096 chars, which the package query reads.
type Queries []string

// UnmarshalJSON reads the list.
func (q *Queries) UnmarshalJSON(raw []byte) error {
	var list []string
	wrong := func(s string) bool { return s == "" || utf8.RuneCountInString(s) > 4096 }
	if json.Unmarshal(raw, &list) != nil || slices.ContainsFunc(list, wrong) || len(list) > 100 {
		return Reject("Value must a valid array no longer than 100 items and Value must be a valid string and at least 1 chars and no longer than 4096 chars")
	}
	*q = list
	return nil
}

// Permissions are permission strings for a resource: read, create, update,
// delete, and write for the last three. "write" stands as it was sent.
type Permissions []string

// RowPermissions are permission strings for what lies inside a resource, and
// so cannot be created by permission: rows and files.
type RowPermissions []string

// UnmarshalJSON reads and checks the list.
func (p *Permissions) UnmarshalJSON(raw []byte) (err error) {
	*p, err = permissions(raw, perm.Resource)
	return err
}

// UnmarshalJSON reads and checks the list.
func (p *RowPermissions) UnmarshalJSON(raw []byte) (err error) {
	*p, err = permissions(raw, perm.Row)
	return err
}

func permissions(raw []byte, apply perm.Actions) ([]string, error) {
	if raw[0] != '[' {
		return nil, perm.ErrNotList
	}
	list := []string{}
	if err := rawjson.Elements(raw, func(item []byte) error {
		text, ok := rawjson.Text(item)
		if !ok {
			return perm.ErrNotText
		}
		list = append(list, text)
		return nil
	}); err != nil {
		return nil, err
	}
	return list, perm.Check(list, apply)
}

// Object is a JSON object whose fields are the caller's own. A list that is
// empty, and a text that holds an object, pass for one, as in the contract.
type Object json.RawMessage

// UnmarshalJSON keeps the object as it was sent.
func (o *Object) UnmarshalJSON(raw []byte) error {
	if s, ok := unquote(raw); ok {
		raw = []byte(s)
		if StrictJSON(raw) != nil {
			return Reject("Value must be a valid object.")
		}
	}
	raw = bytes.TrimSpace(raw)
	if bytes.Equal(raw, []byte("[]")) {
		raw = []byte("{}")
	}
	if len(raw) == 0 || raw[0] != '{' {
		return Reject("Value must be a valid object.")
	}
	*o = bytes.Clone(raw)
	return nil
}

// MarshalJSON writes the object as it was sent.
func (o Object) MarshalJSON() ([]byte, error) { return json.RawMessage(o).MarshalJSON() }

// Prefs are the preferences of a user or a team: an [Object] of at most 65535
// bytes, without the white space around its values.
type Prefs struct{ Object }

// UnmarshalJSON keeps the object as it was sent, without its white space.
func (p *Prefs) UnmarshalJSON(raw []byte) error {
	if err := p.Object.UnmarshalJSON(raw); err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, p.Object); err != nil || compact.Len() > 65535 {
		return Reject("Value must be a valid object.")
	}
	p.Object = compact.Bytes()
	return nil
}

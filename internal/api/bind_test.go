package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/identity"
	"moorfast/internal/opt"
)

type params struct {
	ID      api.NewID           `param:"id"`
	Name    string              `param:"name" max:"5"`
	Email   api.Email           `param:"email" default:"\"\""`
	Count   int                 `param:"count" default:"7" min:"1" max:"2000"`
	On      bool                `param:"on" default:"true"`
	Loose   bool                `param:"loose" default:"false" loose:"true"`
	Tags    []string            `param:"tags" default:"[]" max:"2" each:"3"`
	Kind    string              `param:"kind" default:"\"a\"" oneof:"a,b"`
	Note    opt.Value[string]   `param:"note" max:"3"`
	Object  api.Object          `param:"object" default:"{}"`
	Perms   api.Permissions     `param:"perms" default:"[]"`
	Queries api.Queries         `param:"queries" default:"[]"`
	Old     string              `param:"new" alias:"old" default:"\"\"" min:"0" max:"9"`
	At      opt.Value[api.Time] `param:"at"`
	Whole   int64               `param:"whole" default:"0"`
	Small   int32               `param:"small" default:"0"`
	Share   float64             `param:"share" default:"0"`
	Clear   api.OptionalEmail   `param:"clear" default:"\"\""`
	Number  api.OptionalPhone   `param:"number" default:"\"\""`
	Part    opt.Value[bool]     `param:"part" null:"false"`
	Factor  string              `param:"factor" default:"\"\"" oneof:"totp,recoveryCode" fold:"true"`
	Labels  []api.Label         `param:"labels" default:"[]" max:"2"`
	Pin     string              `param:"pin" default:"\"\"" min:"4" max:"4"`
	Hook    api.PublicURL       `param:"hook" default:"\"\""`
}

func bind(t testing.TB, body string) (params, error) {
	t.Helper()
	e := api.New(api.Spec{Name: "test.bind", Method: "POST", Path: "/v1/test", Summary: "Test.", Auth: identity.Guest},
		func(context.Context, *api.Call, params) (api.None, error) { return api.None{}, nil })
	fields, err := api.SplitJSON([]byte(body))
	if err != nil {
		t.Fatalf("split %s: %v", body, err)
	}
	call := new(api.Call)
	call.Start(&e, api.Units{Now: time.Now, NewID: func() string { return "minted" }})
	in, err := e.Bind(call, &api.Values{Fields: fields})
	return *in.(*params), err
}

func TestBindRefuses(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"nothing", `{}`, `Param "id" is not optional.`},
		{"first in order", `{"name":1}`, `Param "id" is not optional.`},
		{"bad id", `{"id":"_a"}`, "Invalid `id` param: Parameter must contain at most 36 chars. Valid chars are a-z, A-Z, 0-9, period, hyphen, and underscore. Can't start with a special char"},
		{"id of another type", `{"id":5}`, "Invalid `id` param: Parameter must contain"},
		{"null", `{"id":null}`, "Invalid `id` param: Parameter must contain"},
		{"no name", `{"id":"a"}`, `Param "name" is not optional.`},
		{"empty name", `{"id":"a","name":""}`, "Invalid `name` param: Value must be a valid string and at least 1 chars and no longer than 5 chars"},
		{"long name", `{"id":"a","name":"éééééé"}`, "Invalid `name` param: Value must be a valid string and at least 1 chars and no longer than 5 chars"},
		{"name is a number", `{"id":"a","name":5}`, "Invalid `name` param: Value must be a valid string"},
		{"email", `{"id":"a","name":"n","email":"x"}`, "Invalid `email` param: Value must be a valid email address"},
		{"range", `{"id":"a","name":"n","count":2001}`, "Invalid `count` param: Value must be a valid range between 1 and 2,000"},
		{"fraction", `{"id":"a","name":"n","count":1.5}`, "Invalid `count` param: Value must be a valid range"},
		{"strict boolean", `{"id":"a","name":"n","on":"true"}`, "Invalid `on` param: Value must be a valid boolean"},
		{"list too long", `{"id":"a","name":"n","tags":["a","b","c"]}`, "Invalid `tags` param: Value must a valid array no longer than 2 items and Value must be a valid string"},
		{"list of numbers", `{"id":"a","name":"n","tags":[1]}`, "Invalid `tags` param: Value must a valid array no longer than 2 items and Value must be a valid string and at least 1 chars and no longer than 3 chars"},
		{"no list", `{"id":"a","name":"n","tags":"a"}`, "Invalid `tags` param: Value must a valid array no longer than 2 items and Value must be a valid string"},
		{"one of", `{"id":"a","name":"n","kind":"c"}`, "Invalid `kind` param: Value must be one of (a, b)"},
		{"one of, in another case", `{"id":"a","name":"n","kind":"A"}`, "Invalid `kind` param: Value must be one of (a, b)"},
		{"one of in any case", `{"id":"a","name":"n","factor":"sms"}`, "Invalid `factor` param: Value must be one of (totp, recoveryCode)"},
		{"of one length", `{"id":"a","name":"n","pin":"123"}`, "Invalid `pin` param: Value must be a valid string and exactly 4 chars"},
		{"label", `{"id":"a","name":"n","labels":["a b"]}`, "Invalid `labels` param: Value must a valid array no longer than 2 items and " +
			"Value must be a valid string and at least 1 chars and no longer than 36 chars and only consist of '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, A, "},
		{"host without a public suffix", `{"id":"a","name":"n","hook":"http://localhost:8080/"}`, "Invalid `hook` param: Value must be a public domain"},
		{"address", `{"id":"a","name":"n","hook":"http://192.0.2.1/"}`, "Invalid `hook` param: Value must be a public domain"},
		{"IPv6 address", `{"id":"a","name":"n","hook":"http://[2001:db8::1]/"}`, "Invalid `hook` param: Value must be a public domain"},
		{"suffix itself", `{"id":"a","name":"n","hook":"https://co.uk/"}`, "Invalid `hook` param: Value must be a public domain"},
		{"other scheme", `{"id":"a","name":"n","hook":"ftp://example.org/"}`, "Invalid `hook` param: Value must be a valid URL with following schemes (http, https)"},
		{"nullable", `{"id":"a","name":"n","note":"long"}`, "Invalid `note` param: Value must be a valid string and at least 1 chars and no longer than 3 chars or null"},
		{"not nullable, but optional", `{"id":"a","name":"n","part":1}`, "Invalid `part` param: Value must be a valid boolean"},
		{"number in a text", `{"id":"a","name":"n","whole":"5"}`, "Invalid `whole` param: Value must be a valid signed 64-bit integer between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807"},
		{"large number", `{"id":"a","name":"n","small":2147483648}`, "Invalid `small` param: Value must be a valid signed 32-bit integer between -2,147,483,648 and 2,147,483,647"},
		{"float in a text", `{"id":"a","name":"n","share":"NaN"}`, "Invalid `share` param: Value must be a valid float"},
		{"number for an e-mail that may be empty", `{"id":"a","name":"n","clear":5}`, "Invalid `clear` param: Value must be a valid email address"},
		{"phone of no calling code", `{"id":"a","name":"n","number":"+9991234567"}`, "Invalid `number` param: Phone number must start"},
		{"list for a phone that may be empty", `{"id":"a","name":"n","number":["a"]}`, "Invalid `number` param: Phone number must start"},
		{"empty query", `{"id":"a","name":"n","queries":[""]}`, "Invalid `queries` param: Value must a valid array no longer than 100 items"},
		{"object", `{"id":"a","name":"n","object":[1]}`, "Invalid `object` param: Value must be a valid object."},
		{"object in a text", `{"id":"a","name":"n","object":"{\"a\":1,\"a\":2}"}`, "Invalid `object` param: Value must be a valid object."},
		{"permission", `{"id":"a","name":"n","perms":["read(\"x\")"]}`, "Invalid `perms` param: "},
		{"time", `{"id":"a","name":"n","at":"yesterday"}`, "Invalid `at` param: Value must be valid date"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := bind(t, test.body)
			if got := apierr.From(err); err == nil || got.Type != "general_argument_invalid" || !strings.HasPrefix(got.Message, test.want) {
				t.Errorf("bind %s\ngot  %v\nwant %s", test.body, err, test.want)
			}
		})
	}
}

func TestBindFills(t *testing.T) {
	in, err := bind(t, `{"id":"unique()","name":"ada","email":"Ada@Example.org","loose":"1","tags":["x"],"note":null,"object":"{\"a\":1}","old":"x","at":"2026-01-02",
		"factor":"RECOVERYCODE","labels":["aZ9"],"pin":"1234","hook":"https://Hooks.Example.co.uk/x"}`)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(fmt.Sprintln(in.ID, in.Name, in.Email, in.Count, in.On, in.Loose, in.Tags, in.Kind, in.Note, string(in.Object), in.Old, in.At.V.Format(time.DateOnly), in.Factor, in.Labels, in.Pin, in.Hook))
	want := `minted ada ada@example.org 7 true true [x] a { true true} {"a":1} x 2026-01-02 recoveryCode [aZ9] 1234 https://Hooks.Example.co.uk/x`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestStrictJSON(t *testing.T) {
	deep := strings.Repeat("[", api.MaxDepth)
	for _, test := range []struct {
		text string
		want error
	}{
		{`{"a":1}`, nil},
		{`{"a":{"b":1},"c":{"b":1}}`, nil},
		{`{"a":1,"a":2}`, api.ErrDuplicate},
		{`{"x":{"a":1,"a":2}}`, api.ErrDuplicate},
		{`{"x":[{"a":1,"\u0061":2}]}`, api.ErrDuplicate},
		{deep + strings.Repeat("]", api.MaxDepth), nil},
		{"[" + deep + strings.Repeat("]", api.MaxDepth) + "]", api.ErrDepth},
		{`{"a":"` + strings.Repeat("[", 100) + `\""}`, nil},
		{`{"a":1}{}`, api.ErrSyntax},
		{`{"a":`, api.ErrSyntax},
		{"{\"a\":\"\xff\"}", api.ErrSyntax},
		{``, api.ErrSyntax},
	} {
		if got := api.StrictJSON([]byte(test.text)); !errors.Is(got, test.want) {
			t.Errorf("StrictJSON(%.40q) = %v, want %v", test.text, got, test.want)
		}
	}
}

// FuzzSplitJSON: what is split is JSON to everybody, and joins to the same.
func FuzzSplitJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":{"b":[1,2]},"c":"d"}`, `{"a":1,"a":2}`, `[]`, `{"\u0061":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fields, err := api.SplitJSON(text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q was split, and is not JSON", text)
		}
		joined := map[string]json.RawMessage{}
		for _, f := range fields {
			joined[f.Name] = f.Raw
		}
		var want map[string]any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(joined)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(b, &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q was split into %s", text, b)
		}
	})
}

func BenchmarkBind(b *testing.B) {
	body := `{"id":"unique()","name":"ada","email":"ada@example.org","tags":["x"]}`
	b.ReportAllocs()
	e := api.New(api.Spec{Name: "test.bind", Method: "POST", Path: "/v1/test", Summary: "Test.", Auth: identity.Guest},
		func(context.Context, *api.Call, params) (api.None, error) { return api.None{}, nil })
	for b.Loop() {
		fields, err := api.SplitJSON([]byte(body))
		if err != nil {
			b.Fatal(err)
		}
		call := new(api.Call)
		call.Start(&e, api.Units{Now: time.Now, NewID: func() string { return "minted" }})
		if _, err := e.Bind(call, &api.Values{Fields: fields}); err != nil {
			b.Fatal(err)
		}
	}
}

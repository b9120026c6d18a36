package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"moorfast/internal/apierr"
)

// Checker is a parameter type that knows what it allows. The message completes
// the sentence "Invalid `name` param: …", and keeps the value to itself.
type Checker interface{ Check() error }

// Chooser is a parameter type that may leave the choice to us, as an id does
// with "unique()". Handlers see the choice.
type Chooser interface{ Choose(next func() string) }

// Place is where a parameter travels. It follows from the method and the path.
type Place uint8

// The places.
const (
	InPath Place = iota
	InQuery
	InBody
)

// Param is one field of a parameter struct. Its tags are:
//
//	param    its name
//	alias    an older name, tried when the name was not sent
//	default  JSON that is taken when it was not sent; without one, and without
//	         opt.Value, it is required
//	min, max the bounds of a number, of the length of a text, or of the count of a list
//	each     the longest text in a list
//	blank    "false": a text that is nothing but spaces is none
//	oneof    the texts that are allowed, separated by commas
//	fold     "true": they are allowed in any case, and are taken as they are written here
//	loose    "true": a boolean may be sent as a text
//	null     "false": null is the same as nothing sent, and messages do not offer it
//	doc      one line for the documents
type Param struct {
	Name, Alias, Doc string
	Default          json.RawMessage
	Place            Place
	Required         bool
	Nullable         bool         // the field is an opt.Value
	Optional         bool         // it is one for what is absent only
	Type             reflect.Type // of the value, without the opt.Value around it
	Bounds           Bounds

	index  int
	decode decoder
}

// Bounds are what the tags of a parameter allow.
type Bounds struct {
	Min, Max       int64
	HasMin, HasMax bool
	Each           int64
	NotBlank       bool
	OneOf          []string
	Fold           bool
	Loose          bool
}

// Params is the parameter list of an endpoint, in the order of its fields.
type Params struct {
	List []Param
	err  error
}

// Has reports whether name is a parameter.
func (p Params) Has(name string) bool {
	for _, f := range p.List {
		if f.Name == name {
			return true
		}
	}
	return false
}

type slot interface {
	Slot() any
	SetNull()
}

func paramsOf(t reflect.Type, spec Spec) (p Params) {
	for i := range t.NumField() {
		f := t.Field(i)
		param, err := paramOf(f, spec)
		if err != nil {
			p.err = errors.Join(p.err, fmt.Errorf("field %s: %w", f.Name, err))
			continue
		}
		param.index = i
		p.List = append(p.List, param)
	}
	return p
}

func paramOf(f reflect.StructField, spec Spec) (Param, error) {
	p := Param{Name: f.Tag.Get("param"), Alias: f.Tag.Get("alias"), Doc: f.Tag.Get("doc"), Type: f.Type}
	if p.Name == "" {
		return p, errors.New("no param tag")
	}
	if word, ok := spec.Words[p.Name]; ok {
		p.Name = word
	}
	if def, ok := f.Tag.Lookup("default"); ok {
		if !json.Valid([]byte(def)) {
			return p, fmt.Errorf("default %q is not JSON", def)
		}
		p.Default = json.RawMessage(def)
	}
	if _, ok := reflect.New(f.Type).Interface().(slot); ok {
		p.Nullable = true
		p.Optional = f.Tag.Get("null") == "false"
		inner, _ := f.Type.FieldByName("V")
		p.Type = inner.Type
	}
	p.Required = !p.Nullable && p.Default == nil
	switch {
	case strings.Contains(spec.Path, "{"+p.Name+"}"):
		p.Place = InPath
	case spec.Method == "GET":
		p.Place = InQuery
	default:
		p.Place = InBody
	}
	if err := p.Bounds.parse(f.Tag, p.Place); err != nil {
		return p, err
	}
	var err error
	p.decode, err = decoderOf(p.Type, p.Bounds)
	return p, err
}

func (b *Bounds) parse(tag reflect.StructTag, place Place) (err error) {
	number := func(name string, n *int64) bool {
		s, ok := tag.Lookup(name)
		if ok && err == nil {
			*n, err = strconv.ParseInt(s, 10, 64)
		}
		return ok
	}
	b.HasMin = number("min", &b.Min)
	b.HasMax = number("max", &b.Max)
	number("each", &b.Each)
	if s, ok := tag.Lookup("oneof"); ok {
		b.OneOf = strings.Split(s, ",")
	}
	b.Fold = tag.Get("fold") == "true"
	b.NotBlank = tag.Get("blank") == "false"
	b.Loose = tag.Get("loose") == "true" || place == InQuery
	return err
}

// bind fills in with values. The first parameter that is wrong, in the order
// of the struct, is the one reported.
func (p Params) bind(in reflect.Value, call *Call, values *Values) error {
	call.values, call.in = values, in
	for i := range p.List {
		f := &p.List[i]
		field := in.Field(f.index)
		if err := f.bind(field, values); err != nil {
			return err
		}
		if field.Kind() != reflect.String {
			continue
		}
		if c, ok := field.Addr().Interface().(Chooser); ok {
			c.Choose(call.NewID)
		}
	}
	return nil
}

func (p *Param) bind(field reflect.Value, values *Values) error {
	raw, ok := values.Find(p.Name)
	if !ok && p.Alias != "" {
		raw, ok = values.Find(p.Alias)
	}
	null := ok && string(raw) == "null"
	switch {
	case p.Nullable && null:
		field.Addr().Interface().(slot).SetNull()
		return nil
	case !ok && p.Required:
		return apierr.ArgumentInvalid.Detail("Param %q is not optional.", p.Name)
	case !ok || null && !p.Required:
		if p.Default == nil {
			return nil
		}
		return json.Unmarshal(p.Default, field.Addr().Interface())
	}
	target := field
	if p.Nullable {
		target = reflect.ValueOf(field.Addr().Interface().(slot).Slot()).Elem()
	}
	if err := p.decode(raw, target); err != nil {
		if p.Nullable && !p.Optional {
			err = Reject("%w or null", err)
		}
		return Invalid(p.Name, err)
	}
	return nil
}

// Invalid is the error of a parameter that was found wrong. The message is
// that of err, which a [Checker] or [Reject] wrote.
func Invalid(param string, err error) error {
	return apierr.ArgumentInvalid.Detail("Invalid `%s` param: %s", param, err)
}

// Reject is how a Checker says no.
func Reject(format string, args ...any) error { return fmt.Errorf(format, args...) }

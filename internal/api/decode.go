package api

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"moorfast/internal/rawjson"
)

// A decoder fills a value from JSON and checks it. What its error says, the
// client reads.
type decoder func(raw json.RawMessage, v reflect.Value) error

// decoderOf makes the decoder of a type once, when the table is made.
func decoderOf(t reflect.Type, b Bounds) (decoder, error) {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return checked(t, func(raw json.RawMessage, v reflect.Value) error {
			return v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw)
		}), nil
	}
	switch t.Kind() {
	case reflect.String:
		return checked(t, textDecoder(t, b)), nil
	case reflect.Bool:
		return boolDecoder(b.Loose), nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return intDecoder(t, b), nil
	case reflect.Float64:
		return checked(t, floatDecoder(b.Loose)), nil
	case reflect.Slice:
		if t == reflect.TypeFor[json.RawMessage]() {
			return func(raw json.RawMessage, v reflect.Value) error { v.SetBytes(raw); return nil }, nil
		}
		return listDecoder(t, b)
	}
	return nil, fmt.Errorf("a parameter cannot be of type %s", t)
}

// checked adds the type's own check, where it has one.
func checked(t reflect.Type, decode decoder) decoder {
	if !t.Implements(reflect.TypeFor[Checker]()) {
		return decode
	}
	return func(raw json.RawMessage, v reflect.Value) error {
		if err := decode(raw, v); err != nil {
			return err
		}
		return v.Interface().(Checker).Check()
	}
}

func textDecoder(t reflect.Type, b Bounds) decoder {
	least, most := int64(1), b.Max
	if b.HasMin {
		least = b.Min
	}
	if t.Implements(reflect.TypeFor[Checker]()) && !b.HasMin && !b.HasMax {
		// The type's own check says all there is to say, whatever was sent.
		return func(raw json.RawMessage, v reflect.Value) error {
			s, ok := unquote(raw)
			if !ok {
				s = notText
			}
			v.SetString(s)
			return nil
		}
	}
	if len(b.OneOf) > 0 {
		return func(raw json.RawMessage, v reflect.Value) error {
			s, ok := unquote(raw)
			i := slices.IndexFunc(b.OneOf, func(word string) bool { return word == s || b.Fold && strings.EqualFold(word, s) })
			if !ok || i < 0 {
				return Reject("Value must be one of (%s)", strings.Join(b.OneOf, ", "))
			}
			v.SetString(b.OneOf[i])
			return nil
		}
	}
	return func(raw json.RawMessage, v reflect.Value) error {
		s, ok := unquote(raw)
		n := int64(utf8.RuneCountInString(s))
		if !ok || n < least || most > 0 && n > most || b.NotBlank && strings.TrimSpace(s) == "" {
			return Reject("%s", describeText(least, most))
		}
		v.SetString(s)
		return nil
	}
}

// notText stands for a value that is no text, which no type allows: not even one
// that allows the empty text.
const notText = "\x00"

func describeText(least, most int64) string {
	s := "Value must be a valid string"
	if least > 0 && least == most {
		return s + fmt.Sprintf(" and exactly %d chars", least)
	}
	if least > 0 {
		s += fmt.Sprintf(" and at least %d chars", least)
	}
	if most > 0 {
		s += fmt.Sprintf(" and no longer than %d chars", most)
	}
	return s
}

func boolDecoder(loose bool) decoder {
	return func(raw json.RawMessage, v reflect.Value) error {
		text := string(raw)
		if loose {
			if s, ok := unquote(raw); ok {
				text = s
			}
			switch text {
			case "1":
				text = "true"
			case "0":
				text = "false"
			}
		}
		if text != "true" && text != "false" {
			return Reject("Value must be a valid boolean")
		}
		v.SetBool(text == "true")
		return nil
	}
}

// intDecoder reads integers. Within bounds they may be sent as texts, elsewhere
// only where everything is a text.
func intDecoder(t reflect.Type, b Bounds) decoder {
	ranged := b.HasMin && b.HasMax
	return func(raw json.RawMessage, v reflect.Value) error {
		text := string(raw)
		if s, ok := unquote(raw); ok && (ranged || b.Loose) {
			text = s
		}
		n, err := strconv.ParseInt(text, 10, t.Bits())
		switch {
		case ranged:
			if err != nil || n < b.Min || n > b.Max {
				return Reject("Value must be a valid range between %s and %s", Thousands(b.Min), Thousands(b.Max))
			}
		case err != nil:
			least := int64(-1) << (t.Bits() - 1)
			return Reject("Value must be a valid signed %d-bit integer between %s and %s", t.Bits(), Thousands(least), Thousands(-(least + 1)))
		}
		v.SetInt(n)
		return nil
	}
}

func floatDecoder(loose bool) decoder {
	return func(raw json.RawMessage, v reflect.Value) error {
		text := string(raw)
		if s, ok := unquote(raw); ok && loose {
			text = s
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return Reject("Value must be a valid float")
		}
		v.SetFloat(n)
		return nil
	}
}

// Ranged reads a number with a fraction, which may be sent as a text, for the
// UnmarshalJSON of its type. The message has bounds without fractions, as the
// contract's has.
func Ranged(field *float64, raw []byte, least, most float64) error {
	text := string(raw)
	if s, ok := unquote(raw); ok {
		text = s
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= least && n <= most) {
		return Reject("Value must be a valid range between %s and %s", Thousands(int64(least)), Thousands(int64(most)))
	}
	*field = n
	return nil
}

func listDecoder(t reflect.Type, b Bounds) (decoder, error) {
	element, err := decoderOf(t.Elem(), Bounds{Min: 1, HasMin: b.Each > 0, Max: b.Each, HasMax: b.Each > 0, OneOf: b.OneOf, Fold: b.Fold})
	if err != nil {
		return nil, err
	}
	list := reflect.SliceOf(t.Elem())
	decode := func(raw json.RawMessage, v reflect.Value) error {
		var raws []json.RawMessage
		split := rawjson.Elements(raw, func(r []byte) error {
			raws = append(raws, r)
			return nil
		})
		if split != nil || b.HasMax && int64(len(raws)) > b.Max {
			return listError(b, element(json.RawMessage("{}"), reflect.New(t.Elem()).Elem()))
		}
		all := reflect.MakeSlice(list, len(raws), len(raws))
		for i, r := range raws {
			if err := element(r, all.Index(i)); err != nil {
				return listError(b, err)
			}
		}
		v.Set(all.Convert(t))
		return nil
	}
	return checked(t, decode), nil
}

func listError(b Bounds, inner error) error {
	s := "Value must a valid array" // as the contract has it
	if b.HasMax {
		s += fmt.Sprintf(" no longer than %d items", b.Max)
	}
	if inner != nil {
		s += " and " + inner.Error()
	}
	return Reject("%s", s)
}

// Thousands writes a number as the contract's messages do: "-2,147,483,648".
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"moorfast/internal/vault"
)

// A codec turns a field into an argument, and a column into a field.
type codec struct {
	put    func(v reflect.Value) (any, error)
	get    func(rows Rows, column int, v reflect.Value) error
	secret bool // the plan does it, because it takes the row to
}

var (
	secretType      = reflect.TypeFor[vault.Secret]()
	timeType        = reflect.TypeFor[time.Time]()
	marshalerType   = reflect.TypeFor[json.Marshaler]()
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
)

func codecOf(t reflect.Type, asJSON bool) codec {
	switch {
	case t == secretType:
		return codec{secret: true}
	case holdsSecret(t, nil):
		panic(fmt.Sprintf("store: %v hides a secret that nothing would seal", t))
	case t.Kind() == reflect.Pointer:
		return pointerCodec(codecOf(t.Elem(), asJSON))
	case asJSON:
		return jsonCodec
	case t == timeType:
		return timeCodec
	case t.Implements(marshalerType) || reflect.PointerTo(t).Implements(unmarshalerType):
		return jsonCodec
	}
	switch t.Kind() {
	case reflect.String:
		return textCodec
	case reflect.Bool:
		return boolCodec
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intCodec
	case reflect.Float32, reflect.Float64:
		return floatCodec
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return blobCodec
		}
		return jsonCodec
	case reflect.Map, reflect.Struct:
		return jsonCodec
	}
	panic(fmt.Sprintf("store: no column holds a %v", t))
}

var textCodec = codec{
	put: func(v reflect.Value) (any, error) { return v.String(), nil },
	get: func(rows Rows, i int, v reflect.Value) error {
		v.SetString(string(rows.Text(i)))
		return nil
	},
}

var boolCodec = codec{
	put: func(v reflect.Value) (any, error) { return v.Bool(), nil },
	get: func(rows Rows, i int, v reflect.Value) error {
		v.SetBool(rows.Int(i) != 0)
		return nil
	},
}

var intCodec = codec{
	put: func(v reflect.Value) (any, error) { return v.Int(), nil },
	get: func(rows Rows, i int, v reflect.Value) error {
		n := rows.Int(i)
		if v.OverflowInt(n) {
			return fmt.Errorf("%d does not fit in %v", n, v.Type())
		}
		v.SetInt(n)
		return nil
	},
}

var floatCodec = codec{
	put: func(v reflect.Value) (any, error) { return v.Float(), nil },
	get: func(rows Rows, i int, v reflect.Value) error {
		v.SetFloat(rows.Float(i))
		return nil
	},
}

var blobCodec = codec{
	put: func(v reflect.Value) (any, error) {
		if v.IsNil() {
			return nil, nil
		}
		return v.Bytes(), nil
	},
	get: func(rows Rows, i int, v reflect.Value) error {
		if rows.Null(i) {
			v.SetZero()
			return nil
		}
		v.SetBytes(append([]byte{}, rows.Blob(i)...))
		return nil
	},
}

var timeCodec = codec{
	put: func(v reflect.Value) (any, error) {
		return v.Interface().(time.Time).UnixMicro(), nil
	},
	get: func(rows Rows, i int, v reflect.Value) error {
		if rows.Null(i) {
			v.SetZero()
			return nil
		}
		v.Set(reflect.ValueOf(time.UnixMicro(rows.Int(i)).UTC()))
		return nil
	},
}

var jsonCodec = codec{
	put: func(v reflect.Value) (any, error) {
		text, err := json.Marshal(v.Interface())
		return string(text), err
	},
	get: func(rows Rows, i int, v reflect.Value) error {
		v.SetZero()
		if rows.Null(i) {
			return nil
		}
		return json.Unmarshal(rows.Text(i), v.Addr().Interface())
	},
}

// pointerCodec makes NULL of nil, and leaves everything else to elem.
func pointerCodec(elem codec) codec {
	return codec{
		put: func(v reflect.Value) (any, error) {
			if v.IsNil() {
				return nil, nil
			}
			return elem.put(v.Elem())
		},
		get: func(rows Rows, i int, v reflect.Value) error {
			if rows.Null(i) {
				v.SetZero()
				return nil
			}
			v.Set(reflect.New(v.Type().Elem()))
			return elem.get(rows, i, v.Elem())
		},
	}
}

// holdsSecret tells whether a secret lies inside t, where JSON would replace it
// by its placeholder and lose it.
func holdsSecret(t reflect.Type, seen []reflect.Type) bool {
	for _, s := range seen {
		if s == t {
			return false
		}
	}
	seen = append(seen, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem() == secretType || holdsSecret(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if ft := t.Field(i).Type; ft == secretType || holdsSecret(ft, seen) {
				return true
			}
		}
	}
	return false
}

// Package openapi describes the table of endpoints as an OpenAPI 3.1 document.
package openapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/identity"
)

type object = map[string]any

// Document returns the table as JSON in the form of OpenAPI 3.1.
func Document(table api.Table, title, version string) ([]byte, error) {
	b := builder{schemas: object{
		"error": object{
			"type":       "object",
			"required":   []string{"message", "code", "version", "type"},
			"properties": object{"message": text(), "code": object{"type": "integer"}, "version": text(), "type": text()},
		},
	}}
	paths := object{}
	for _, e := range table {
		item, ok := paths[e.Path].(object)
		if !ok {
			item = object{}
			paths[e.Path] = item
		}
		item[strings.ToLower(e.Method)] = b.operation(e)
	}
	return json.Marshal(object{
		"openapi":    "3.1.0",
		"info":       object{"title": title, "version": version},
		"paths":      paths,
		"components": object{"schemas": b.schemas, "securitySchemes": schemes},
	})
}

func text() object { return object{"type": "string"} }

// schemes are the ways in which callers prove themselves.
var schemes = object{
	"project": object{"type": "apiKey", "in": "header", "name": "X-Appwrite-Project"},
	"key":     object{"type": "apiKey", "in": "header", "name": "X-Appwrite-Key"},
	"session": object{"type": "apiKey", "in": "header", "name": "X-Appwrite-Session"},
	"jwt":     object{"type": "apiKey", "in": "header", "name": "X-Appwrite-JWT"},
	"mode":    object{"type": "apiKey", "in": "header", "name": "X-Appwrite-Mode"},
}

type builder struct{ schemas object }

func (b *builder) operation(e api.Endpoint) object {
	params := []any{}
	properties, required := object{}, []string{}
	for _, p := range e.In.List {
		schema := b.param(p)
		if p.Place == api.InBody {
			properties[p.Name] = schema
			if p.Required {
				required = append(required, p.Name)
			}
			continue
		}
		place := "query"
		if p.Place == api.InPath {
			place = "path"
		}
		params = append(params, object{"name": p.Name, "in": place, "required": p.Required || place == "path", "schema": schema})
	}
	op := object{
		"operationId": e.Name,
		"summary":     e.Summary,
		"tags":        []string{e.Rules.Service},
		"parameters":  params,
		"responses":   b.responses(e),
		"security":    security(e.Auth),
	}
	if len(e.Scopes) > 0 {
		op["x-scopes"] = e.Scopes
	}
	if len(properties) > 0 {
		schema := object{"type": "object", "properties": properties}
		if len(required) > 0 {
			schema["required"] = required
		}
		kind := "application/json"
		if e.Receive != nil {
			kind = "multipart/form-data"
			properties[api.FileParam] = object{"type": "string", "contentMediaType": "application/octet-stream"}
			schema["required"] = append(required, api.FileParam)
		}
		op["requestBody"] = object{"content": object{kind: object{"schema": schema}}}
	}
	return op
}

func security(kinds identity.Kind) []any {
	list := []any{}
	for _, k := range []struct {
		kind identity.Kind
		name []string
	}{{identity.Session, []string{"session"}}, {identity.JWT, []string{"jwt"}}, {identity.Key, []string{"key"}}, {identity.Admin, []string{"session", "mode"}}} {
		if kinds&k.kind == 0 {
			continue
		}
		need := object{"project": []string{}}
		for _, n := range k.name {
			need[n] = []string{}
		}
		list = append(list, need)
	}
	if kinds&identity.Guest != 0 {
		list = append(list, object{})
	}
	return list
}

func (b *builder) responses(e api.Endpoint) object {
	ok := object{"description": e.Summary}
	switch e.Out {
	case reflect.TypeFor[api.None](), reflect.TypeFor[api.Redirect]():
	case reflect.TypeFor[api.Content](), reflect.TypeFor[api.Stream]():
		ok["content"] = object{"*/*": object{"schema": object{"type": "string", "format": "binary"}}}
	case reflect.TypeFor[api.Text]():
		ok["content"] = object{"text/plain": object{"schema": text()}}
	default:
		ok["content"] = object{"application/json": object{"schema": b.model(e)}}
	}
	return object{
		strconv.Itoa(e.Status): ok,
		"default": object{
			"description": "The request was refused, or failed.",
			"content":     object{"application/json": object{"schema": object{"$ref": "#/components/schemas/error"}}},
		},
	}
}

// model refers to the schema of an endpoint's answer, by the contract's name
// for it where there is one.
func (b *builder) model(e api.Endpoint) object {
	if e.Model == "" || e.Out.Kind() != reflect.Struct {
		return b.schema(e.Out, 0)
	}
	if _, ok := b.schemas[e.Model]; !ok {
		b.schemas[e.Model] = object{} // a model may hold itself
		b.schemas[e.Model] = b.schema(e.Out, 0)
	}
	return object{"$ref": "#/components/schemas/" + e.Model}
}

func (b *builder) param(p api.Param) object {
	s := b.schema(p.Type, 0)
	if p.Doc != "" {
		s["description"] = p.Doc
	}
	if p.Default != nil {
		s["default"] = p.Default
	}
	if len(p.Bounds.OneOf) > 0 && p.Type.Kind() == reflect.String {
		s["enum"] = p.Bounds.OneOf
	}
	least, most := bounds[p.Type.Kind()][0], bounds[p.Type.Kind()][1]
	if p.Bounds.HasMin && least != "" {
		s[least] = p.Bounds.Min
	}
	if p.Bounds.HasMax && most != "" {
		s[most] = p.Bounds.Max
	}
	if p.Nullable {
		s["type"] = []any{s["type"], "null"}
		if s["type"].([]any)[0] == nil {
			delete(s, "type")
		}
	}
	return s
}

// bounds are the words for the least and the most of a kind.
var bounds = map[reflect.Kind][2]string{
	reflect.String: {"minLength", "maxLength"},
	reflect.Slice:  {"minItems", "maxItems"},
	reflect.Int:    {"minimum", "maximum"},
	reflect.Int64:  {"minimum", "maximum"},
}

// formats are the types whose JSON differs from their Go.
var formats = map[reflect.Type]object{
	reflect.TypeFor[api.Time]():           {"type": "string", "format": "date-time"},
	reflect.TypeFor[api.Object]():         {"type": "object"},
	reflect.TypeFor[api.Prefs]():          {"type": "object"},
	reflect.TypeFor[api.Document]():       {"type": "object"},
	reflect.TypeFor[api.Raw]():            {"type": "object"},
	reflect.TypeFor[json.RawMessage]():    {},
	reflect.TypeFor[api.Email]():          {"type": "string", "format": "email"},
	reflect.TypeFor[api.Password]():       {"type": "string", "format": "password"},
	reflect.TypeFor[api.URL]():            {"type": "string", "format": "uri"},
	reflect.TypeFor[api.WebURL]():         {"type": "string", "format": "uri"},
	reflect.TypeFor[api.Queries]():        {"type": "array", "maxItems": 100, "items": text()},
	reflect.TypeFor[api.Permissions]():    {"type": "array", "maxItems": 100, "items": text()},
	reflect.TypeFor[api.RowPermissions](): {"type": "array", "maxItems": 100, "items": text()},
}

const maxDepth = 8

func (b *builder) schema(t reflect.Type, depth int) object {
	if f, ok := formats[t]; ok {
		s := object{}
		for k, v := range f {
			s[k] = v
		}
		return s
	}
	if depth > maxDepth {
		return object{}
	}
	switch t.Kind() {
	case reflect.String:
		return text()
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": b.schema(t.Elem(), depth+1)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": b.schema(t.Elem(), depth+1)}
	case reflect.Pointer:
		return b.schema(t.Elem(), depth+1)
	case reflect.Struct:
		return b.fields(t, depth)
	}
	return object{}
}

func (b *builder) fields(t reflect.Type, depth int) object {
	properties, required := object{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		properties[name] = b.schema(f.Type, depth+1)
		if !strings.Contains(options, "omitempty") {
			required = append(required, name)
		}
	}
	s := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		s["required"] = slices.Compact(required)
	}
	return s
}

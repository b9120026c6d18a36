package query

import (
	"encoding/json"
	"strconv"
	"strings"

	"moorfast/internal/rawjson"
)

// FromLegacy turns the text of a query in the syntax of old clients, such as
// `equal("name", ["a", "b"])`, into JSON. A text that is not in that syntax
// stays as it is, and [Parse] says what is wrong with it.
func FromLegacy(text string) string {
	name, rest, ok := strings.Cut(text, "(")
	rest, closed := strings.CutSuffix(strings.TrimSpace(rest), ")")
	if !ok || !closed || !isWord(name) {
		return text
	}
	p := legacyParser{text: rest}
	var params []string
	for p.skip(); !p.done(); {
		params = append(params, p.value())
		if p.skip(); !p.done() && !p.take(',') {
			return text
		}
		p.skip()
	}
	if p.failed {
		return text
	}
	return string(legacyJSON(Method(name), params))
}

// legacyJSON writes the query of a method and its parameters, which are JSON
// values: an attribute first, for methods that look at one.
func legacyJSON(m Method, params []string) []byte {
	out := rawjson.AppendString([]byte(`{"method":`), string(m))
	switch methods[m].kind {
	case filter, order:
		if len(params) > 0 {
			out = append(out, `,"attribute":`+params[0]...)
			params = params[1:]
		}
	}
	out = append(out, `,"values":`...)
	if len(params) == 1 && params[0][0] == '[' {
		out = append(out, params[0]...)
	} else {
		out = append(out, '[')
		out = append(out, strings.Join(params, ",")...)
		out = append(out, ']')
	}
	return append(out, '}')
}

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}

// legacyParser reads the parameters of a query: texts in either quotes, numbers,
// words, and lists of these. Values come out as JSON.
type legacyParser struct {
	text   string
	pos    int
	depth  int
	failed bool
}

func (p *legacyParser) done() bool { return p.failed || p.pos >= len(p.text) }

func (p *legacyParser) skip() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *legacyParser) take(c byte) bool {
	if p.pos >= len(p.text) || p.text[p.pos] != c {
		return false
	}
	p.pos++
	return true
}

func (p *legacyParser) fail() string {
	p.failed = true
	return "null"
}

func (p *legacyParser) value() string {
	switch {
	case p.done():
		return p.fail()
	case p.take('['):
		return p.list()
	case p.take('"'):
		return p.quoted('"')
	case p.take('\''):
		return p.quoted('\'')
	}
	end := strings.IndexAny(p.text[p.pos:], ",] \t\r\n")
	if end < 0 {
		end = len(p.text) - p.pos
	}
	word := p.text[p.pos : p.pos+end]
	p.pos += end
	switch word {
	case "true", "false", "null":
		return word
	}
	if raw, err := rawjson.Value([]byte(word)); err == nil && rawjson.KindOf(raw) == rawjson.Number {
		return word
	}
	if f, err := strconv.ParseFloat(word, 64); err == nil && f-f == 0 { // such as "+1" and ".5", and finite
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return p.fail()
}

func (p *legacyParser) list() string {
	if p.depth++; p.depth > MaxDepth {
		return p.fail()
	}
	var items []string
	for p.skip(); !p.take(']'); p.skip() {
		if len(items) > 0 && !p.take(',') {
			return p.fail()
		}
		p.skip()
		items = append(items, p.value())
		if p.failed {
			return "[]"
		}
	}
	p.depth--
	return "[" + strings.Join(items, ",") + "]"
}

// quoted reads up to the closing quote. A backslash keeps its meaning from the
// next quote or backslash, and stands for itself before all else.
func (p *legacyParser) quoted(quote byte) string {
	var s []byte
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		if c == quote {
			return string(rawjson.AppendString(nil, strings.ToValidUTF8(string(s), "\uFFFD")))
		}
		if c == '\\' && p.pos < len(p.text) {
			if next := p.text[p.pos]; next == quote || next == '\\' {
				c = next
				p.pos++
			}
		}
		s = append(s, c)
	}
	return p.fail()
}

// shorthands are methods that clients had for a while, for comparisons of the
// times that every entry has.
var shorthands = map[string]struct {
	method    Method
	attribute string
}{
	"createdBefore":  {LessThan, "$createdAt"},
	"createdAfter":   {GreaterThan, "$createdAt"},
	"createdBetween": {Between, "$createdAt"},
	"updatedBefore":  {LessThan, "$updatedAt"},
	"updatedAfter":   {GreaterThan, "$updatedAt"},
	"updatedBetween": {Between, "$updatedAt"},
}

// FromShorthand turns a query that is one of the shorthands, or has them in it,
// into the comparisons that they mean. Any other text stays as it is.
func FromShorthand(text string) string {
	if strings.Contains(text, `"created`) || strings.Contains(text, `"updated`) {
		return expand(text, MaxDepth)
	}
	return text
}

func expand(text string, depth int) string {
	var q struct {
		Method string            `json:"method"`
		Values []json.RawMessage `json:"values"`
	}
	if depth < 0 || json.Unmarshal([]byte(text), &q) != nil {
		return text
	}
	short, ok := shorthands[q.Method]
	switch {
	case ok:
		out := rawjson.AppendString([]byte(`{"method":`), string(short.method))
		out = rawjson.AppendString(append(out, `,"attribute":`...), short.attribute)
		return string(appendList(append(out, `,"values":`...), q.Values)) + "}"
	case q.Method == string(And) || q.Method == string(Or):
		for i, child := range q.Values {
			q.Values[i] = json.RawMessage(expand(string(child), depth-1))
		}
		return string(appendList([]byte(`{"method":"`+q.Method+`","values":`), q.Values)) + "}"
	}
	return text
}

func appendList(b []byte, values []json.RawMessage) []byte {
	b = append(b, '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v...)
	}
	return append(b, ']')
}

package documents

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"

	"moorfast/internal/query"
	"moorfast/internal/store/sqlb"
)

// regex holds for rows whose text has a part that a pattern describes. Like
// other comparisons of texts, it does not care about case.
func (t *Table) regex(d sqlb.Dialect, q query.Query) (sqlb.Cond, error) {
	pattern, _ := q.Values[0].(string)
	translated, err := translate(pattern)
	if err != nil {
		return nil, &query.Error{Message: "Invalid query: " + err.Error()}
	}
	column := d.Name(t.operand(q.Attribute).name)
	if d == sqlb.Postgres {
		return sqlb.Raw(column+` ~* ?`, translated), nil
	}
	return sqlb.Raw(column+` REGEXP ?`, `(?i)`+pattern), nil
}

const (
	maxRepeat  = 255     // of PostgreSQL
	maxPattern = 1 << 14 // in PostgreSQL's words
)

// translate writes a pattern in PostgreSQL's words. What patterns can say is what
// both engines can: RE2's syntax, which has nothing that takes more time than
// the text is long.
func translate(pattern string) (string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl|syntax.FoldCase)
	if err != nil {
		return "", fmt.Errorf("Regex is not valid: %w", err)
	}
	var b strings.Builder
	if !write(&b, re) || b.Len() > maxPattern {
		return "", errors.New("Regex is too complex")
	}
	return b.String(), nil
}

// write appends an expression, and tells whether it can be said at all.
func write(b *strings.Builder, re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch:
		b.WriteString(`(?:)`)
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeRune(b, r)
		}
	case syntax.OpCharClass:
		return writeClass(b, re.Rune)
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\n]`)
	case syntax.OpAnyChar:
		b.WriteString(`.`)
	case syntax.OpBeginLine:
		b.WriteString(`(?:\A|(?<=\n))`)
	case syntax.OpEndLine:
		b.WriteString(`(?:\Z|(?=\n))`)
	case syntax.OpBeginText:
		b.WriteString(`\A`)
	case syntax.OpEndText:
		b.WriteString(`\Z`)
	case syntax.OpWordBoundary:
		b.WriteString(`\y`)
	case syntax.OpNoWordBoundary:
		b.WriteString(`\Y`)
	case syntax.OpCapture:
		return group(b, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return writeRepeat(b, re)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if sub.Op == syntax.OpAlternate {
				if !group(b, sub) {
					return false
				}
			} else if !write(b, sub) {
				return false
			}
		}
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			if !write(b, sub) {
				return false
			}
		}
	default: // what matches nothing
		return false
	}
	return true
}

func group(b *strings.Builder, re *syntax.Regexp) bool {
	b.WriteString(`(?:`)
	ok := write(b, re)
	b.WriteByte(')')
	return ok
}

func writeRepeat(b *strings.Builder, re *syntax.Regexp) bool {
	sub := re.Sub[0]
	switch sub.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary, syntax.OpEmptyMatch:
		return false // PostgreSQL does not repeat what has no width
	}
	if !group(b, sub) {
		return false
	}
	switch re.Op {
	case syntax.OpStar:
		b.WriteByte('*')
	case syntax.OpPlus:
		b.WriteByte('+')
	case syntax.OpQuest:
		b.WriteByte('?')
	default:
		if re.Min > maxRepeat || re.Max > maxRepeat {
			return false
		}
		fmt.Fprintf(b, `{%d,`, re.Min)
		if re.Max >= 0 {
			fmt.Fprintf(b, `%d`, re.Max)
		}
		b.WriteByte('}')
	}
	return true
}

// writeRune writes a letter or a digit as it is, and all else by its number.
func writeRune(b *strings.Builder, r rune) {
	switch {
	case r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' '):
		b.WriteRune(r)
	case r > 0xffff:
		fmt.Fprintf(b, `\U%08x`, r)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}

// writeClass writes the ranges of a class, or those that are not in it where
// these are fewer.
func writeClass(b *strings.Builder, ranges []rune) bool {
	n := len(ranges)
	if n == 0 {
		return false
	}
	b.WriteByte('[')
	if ranges[0] == 0 && ranges[n-1] == unicode.MaxRune {
		if n == 2 {
			return false
		}
		b.WriteByte('^')
		ranges = ranges[1 : n-1]
		for i := 0; i < len(ranges); i += 2 {
			writeRange(b, ranges[i]+1, ranges[i+1]-1)
		}
	} else {
		for i := 0; i < n; i += 2 {
			writeRange(b, max(ranges[i], 1), ranges[i+1])
		}
	}
	b.WriteByte(']')
	return true
}

func writeRange(b *strings.Builder, from, to rune) {
	writeRune(b, from)
	if to > from {
		b.WriteByte('-')
		writeRune(b, to)
	}
}

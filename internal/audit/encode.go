package audit

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest bounds each text of a record, in bytes.
const longest = 512

// clean makes a text one that both engines keep, and that is not endless.
func clean(s string) string {
	if plain(s) {
		return s
	}
	if len(s) > longest {
		s = s[:longest]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, n := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && n == 1 {
			s = s[:len(s)-1] // the start of a character that was cut in two
		}
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// plain tells whether a text is kept as it is: nearly all are.
func plain(s string) bool {
	if len(s) > longest {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// encode returns the record as it is kept and hashed: JSON on one line, without
// what is empty, in which line breaks and other control characters are escaped.
//
// It is written out by hand because every change waits for it while it has the
// database: by reflection, it costs as much as the statement that stores it.
func (r *Record) encode() string {
	b := make([]byte, 0, 512)
	b = strconv.AppendInt(append(b, `{"at":`...), r.At, 10)
	b = appendField(b, `,"project":`, clean(r.Project), true)
	b = appendField(b, `,"event":`, clean(r.Event), true)
	b = appendField(b, `,"resource":`, clean(r.Resource), false)
	b = appendField(b, `,"endpoint":`, clean(r.Endpoint), false)
	b = appendField(b, `,"outcome":`, clean(r.Outcome), false)
	b = appendField(b, `,"actor":{"kind":`, clean(r.Actor.Kind), true)
	b = appendField(b, `,"id":`, clean(r.Actor.ID), false)
	b = appendField(b, `,"name":`, clean(r.Actor.Name), false)
	b = appendField(b, `,"email":`, clean(r.Actor.Email), false)
	b = appendField(b, `,"impersonator":`, clean(r.Actor.Impersonator), false)
	b = appendField(append(b, '}'), `,"address":`, clean(r.Address), false)
	b = appendField(b, `,"userAgent":`, clean(r.UserAgent), false)
	b = appendField(b, `,"sdk":`, clean(r.SDK), false)
	if r.Count != 0 {
		b = strconv.AppendInt(append(b, `,"count":`...), int64(r.Count), 10)
	}
	return string(append(b, '}'))
}

func appendField(b []byte, name, text string, always bool) []byte {
	if text == "" && !always {
		return b
	}
	b = append(append(b, name...), '"')
	if plain(text) {
		b = append(b, text...)
	} else {
		b = appendEscaped(b, text)
	}
	return append(b, '"')
}

// appendEscaped escapes what JSON demands, and what moves a terminal's cursor or
// begins a line for somebody who reads the log.
func appendEscaped(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	for _, c := range text {
		switch {
		case c == '"', c == '\\':
			b = append(b, '\\', byte(c))
		case c < ' ', c >= 0x7f && c < 0xa0, c == 0x2028, c == 0x2029:
			b = append(b, '\\', 'u', hex[c>>12&15], hex[c>>8&15], hex[c>>4&15], hex[c&15])
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	return b
}

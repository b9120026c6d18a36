package rawjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns the string that raw is, without quotes and escapes. What is not
// UTF-8 becomes the replacement character, as in encoding/json.
func Text(raw []byte) (string, bool) {
	if KindOf(raw) != String || len(raw) < 2 {
		return "", false
	}
	inner := raw[1 : len(raw)-1]
	if !escaped(inner) {
		return string(inner), true
	}
	return string(unescape(make([]byte, 0, len(inner)), inner)), true
}

// escaped tells whether the inside of a string differs from what it means.
func escaped(inner []byte) bool {
	return bytes.IndexByte(inner, '\\') >= 0 || !utf8.Valid(inner)
}

// unescape appends what the inside of a scanned string means.
func unescape(dst, inner []byte) []byte {
	for i := 0; i < len(inner); {
		c := inner[i]
		if c != '\\' {
			r, n := utf8.DecodeRune(inner[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		switch c = inner[i+1]; c {
		case 'u':
			r, n := unicodeEscape(inner[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		dst = append(dst, c)
		i += 2
	}
	return dst
}

// unicodeEscape reads one \uXXXX, or the two of a surrogate pair.
func unicodeEscape(s []byte) (r rune, n int) {
	r = hex4(s[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(s[8:])); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// hex4 reads four hexadecimal digits, or returns -1.
func hex4(s []byte) (r rune) {
	if len(s) < 4 {
		return -1
	}
	for _, c := range s[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// plain marks the bytes that stand for themselves inside a JSON string.
var plain = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return set
}()

const hexDigits = "0123456789abcdef"

// AppendString appends s, which must be UTF-8, as a JSON string.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if plain[c] {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

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

const hexDigits = "0123456789abcdef"

// AppendString appends s, which must be UTF-8, as a JSON string.
func AppendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for {
		n := plain(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
	}
}

// plain returns how many bytes s begins with that stand for themselves inside a
// JSON string. Texts mostly do as a whole, so eight bytes are looked at at once.
func plain[T string | []byte](s T) int {
	n := 0
	for ; n+8 <= len(s); n += 8 {
		w := uint64(s[n]) | uint64(s[n+1])<<8 | uint64(s[n+2])<<16 | uint64(s[n+3])<<24 |
			uint64(s[n+4])<<32 | uint64(s[n+5])<<40 | uint64(s[n+6])<<48 | uint64(s[n+7])<<56
		if special(w) {
			break
		}
	}
	for ; n < len(s); n++ {
		if c := s[n]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return n
}

// special tells whether one of eight bytes needs an escape. A byte b is 0 where
// (b-1) &^ b has its highest bit set, and below 0x20 where (b-0x20) &^ b has; a
// borrow can mark the byte above such a one, which is no harm.
func special(w uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((w-ones*' ')&^w|(quote-ones)&^quote|(slash-ones)&^slash)&high != 0
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

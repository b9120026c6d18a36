package files

import (
	"strconv"
	"strings"

	"moorfast/internal/apierr"
)

// PartSize is the length of every part of an upload but the last, in bytes. It is
// the contract's.
const PartSize = 5 << 20

// Span is which part of a file an upload is. The zero Span is a whole file.
type Span struct{ Start, Size, Total int64 }

// Number is that of the part, from 1.
func (s Span) Number() int64 { return s.Start/PartSize + 1 }

// Parts is how many the file has.
func (s Span) Parts() int64 { return (s.Total + PartSize - 1) / PartSize }

// ParseSpan reads a Content-Range header (RFC 9110 §14.4), "bytes 0-5242879/9000000".
// An end that is the size of the file is taken for the byte before, as clients
// of the contract send it.
func ParseSpan(header string) (Span, error) {
	unit, rest, _ := strings.Cut(header, " ")
	span, total, ok := strings.Cut(rest, "/")
	from, to, ok2 := strings.Cut(span, "-")
	if !ok || !ok2 || !strings.EqualFold(unit, "bytes") {
		return Span{}, apierr.ContentRangeInvalid
	}
	start, err1 := parseOffset(from)
	end, err2 := parseOffset(to)
	size, err3 := parseOffset(total)
	if err1 != nil || err2 != nil || err3 != nil {
		return Span{}, apierr.ContentRangeInvalid
	}
	if end == size {
		end--
	}
	if start > end || end > size || start%PartSize != 0 || end+1 != min(start+PartSize, size) {
		return Span{}, apierr.ContentRangeInvalid
	}
	return Span{Start: start, Size: end + 1 - start, Total: size}, nil
}

// parseOffset reads digits, and nothing else, that an int64 holds with room.
func parseOffset(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 62)
	return int64(n), err
}

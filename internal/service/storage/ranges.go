package storage

import (
	"strconv"
	"strings"

	"moorfast/internal/apierr"
)

// span is bytes of a file from one offset up to another.
type span struct{ from, to int64 }

func (s span) size() int64 { return s.to - s.from }

// contentRange is the header for the span (RFC 9110 §14.4).
func (s span) contentRange(size int64) string {
	return "bytes " + strconv.FormatInt(s.from, 10) + "-" + strconv.FormatInt(s.to-1, 10) + "/" + strconv.FormatInt(size, 10)
}

const (
	// maxRanges is how many ranges one request may name.
	maxRanges = 16

	// maxSpan is the longest range that is not cut; the contract's.
	maxSpan = 20_000_000
)

// parseRanges reads a Range header for a file of some size. A single range is
// read as the contract does: it begins before it ends, which is inside of the
// file, and without an end, or when it is longer than [maxSpan], it is cut to the
// window. Several, and the last bytes of a file ("-500"), are read as RFC 9110
// §14.1.2 says.
func parseRanges(header string, size, window int64) ([]span, error) {
	unit, list, ok := strings.Cut(header, "=")
	if !ok || strings.TrimSpace(unit) != "bytes" {
		return nil, apierr.RangeInvalid
	}
	texts := strings.Split(list, ",")
	if len(texts) > maxRanges {
		return nil, apierr.RangeInvalid
	}
	if len(texts) == 1 && !strings.HasPrefix(strings.TrimSpace(list), "-") {
		s, err := parseRange(list, size, window)
		return []span{s}, err
	}
	var spans []span
	total := int64(0)
	for _, text := range texts {
		s, ok, err := parseOneOfMany(text, size)
		if err != nil {
			return nil, err
		}
		if ok {
			spans = append(spans, s)
			total += s.size()
		}
	}
	if len(spans) == 0 || total > size+maxSpan { // the same bytes again and again
		return nil, apierr.RangeInvalid
	}
	return spans, nil
}

func parseRange(text string, size, window int64) (span, error) {
	first, last, ok := strings.Cut(strings.TrimSpace(text), "-")
	start, err := offset(first)
	if !ok || err != nil {
		return span{}, apierr.RangeInvalid
	}
	if last == "" {
		if start >= size {
			return span{}, apierr.RangeInvalid
		}
		return span{start, min(start+window, size)}, nil
	}
	end, err := offset(last)
	if err != nil || start >= end || end >= size {
		return span{}, apierr.RangeInvalid
	}
	if end-start > maxSpan {
		end = start + window - 1
	}
	return span{start, end + 1}, nil
}

// parseOneOfMany reads a range among several. It is not ok where the file has
// none of its bytes.
func parseOneOfMany(text string, size int64) (s span, ok bool, err error) {
	first, last, found := strings.Cut(strings.TrimSpace(text), "-")
	if !found || first == "" && last == "" {
		return s, false, apierr.RangeInvalid
	}
	if first == "" {
		n, err := offset(last)
		if err != nil {
			return s, false, apierr.RangeInvalid
		}
		return span{max(size-n, 0), size}, n > 0 && size > 0, nil
	}
	start, err := offset(first)
	end := size - 1
	if err == nil && last != "" {
		end, err = offset(last)
	}
	if err != nil || end < start && last != "" {
		return s, false, apierr.RangeInvalid
	}
	return span{start, min(end, size-1) + 1}, start < size, nil
}

func offset(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 62)
	return int64(n), err
}

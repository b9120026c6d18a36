// Package datetime is the text form of a moment in the API. It leaves as
// "2026-11-23T10:30:00.000+00:00", always in UTC and with three digits of
// milliseconds, and comes in as any of the forms of ISO 8601 that clients send.
package datetime

import (
	"strings"
	"time"
)

// Description is what a value that is no datetime is told it must be.
const Description = "Value must be valid date between 1000-01-01 00:00:00 and 9999-12-31 23:59:59."

// FutureDescription is what a datetime that has passed is told, where it must not
// have.
const FutureDescription = "Value must be valid date in the future and between 1000-01-01 00:00:00 and 9999-12-31 23:59:59."

// The years a datetime may lie in; they are the contract's.
const (
	minYear = 1000
	maxYear = 9999
)

// layout is the form that leaves.
const layout = "2006-01-02T15:04:05.000-07:00"

// Format returns the text form of t.
func Format(t time.Time) string { return t.UTC().Format(layout) }

// Append appends the text form of a moment given in milliseconds since 1970.
// It is what [Format] returns, without the cost of a layout: lists of rows
// spend their time here.
func Append(dst []byte, milli int64) []byte {
	t := time.UnixMilli(milli).UTC()
	year, month, day := t.Date()
	if year < 0 || year > maxYear {
		return t.AppendFormat(dst, layout)
	}
	hour, minute, second := t.Clock()
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = append(dst, '-')
	dst = appendTwo(dst, int(month))
	dst = append(dst, '-')
	dst = appendTwo(dst, day)
	dst = append(dst, 'T')
	dst = appendTwo(dst, hour)
	dst = append(dst, ':')
	dst = appendTwo(dst, minute)
	dst = append(dst, ':')
	dst = appendTwo(dst, second)
	ms := t.Nanosecond() / int(time.Millisecond)
	dst = append(dst, '.', decimal[ms/100])
	dst = appendTwo(dst, ms%100)
	return append(dst, "+00:00"...)
}

const decimal = "0123456789"

func appendTwo(dst []byte, n int) []byte { return append(dst, decimal[n/10], decimal[n%10]) }

// The forms that come in: a date, perhaps a time, perhaps an offset. What has
// no offset is UTC.
var (
	times   = []string{"15:04:05", "15:04"} // Go accepts a fraction of a second unasked
	offsets = []string{"Z07:00", "-0700", "-07", ""}
)

// Parse reads a moment, which it cuts to milliseconds.
func Parse(s string) (t time.Time, ok bool) {
	date, rest := s, ""
	if i := strings.IndexAny(s, "Tt "); i >= 0 {
		date, rest = s[:i], s[i+1:]
	}
	if rest == "" && date == s {
		t, err := time.Parse("2006-01-02", date)
		return t, err == nil && inRange(t)
	}
	for _, clock := range times {
		for _, offset := range offsets {
			t, err := time.Parse("2006-01-02T"+clock+offset, date+"T"+strings.ToUpper(rest))
			if err == nil {
				t = t.UTC().Truncate(time.Millisecond)
				return t, inRange(t)
			}
		}
	}
	return time.Time{}, false
}

func inRange(t time.Time) bool { return minYear <= t.Year() && t.Year() <= maxYear }

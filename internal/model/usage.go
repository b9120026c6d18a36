package model

import (
	"time"

	"moorfast/internal/datetime"
)

// Metric is how much there was of something at a moment.
type Metric struct {
	Value int64  `json:"value"`
	Date  string `json:"date"`
}

// Steps are the moments that usage is told of: N of them, Every apart.
type Steps struct {
	Every time.Duration
	N     int
}

// UsageRanges are how far usage may be asked to go back.
var UsageRanges = map[string]Steps{
	"24h": {time.Hour, 24}, "7d": {24 * time.Hour, 7}, "30d": {24 * time.Hour, 30}, "90d": {24 * time.Hour, 90},
}

// Until returns the moments, the last of which is now.
func (s Steps) Until(now time.Time) []time.Time {
	at := make([]time.Time, s.N)
	for i := range at {
		at[i] = now.Add(-time.Duration(s.N-1-i) * s.Every)
	}
	return at
}

// Metrics says how much there was at each moment.
func Metrics(at []time.Time, values []int64) []Metric {
	list := make([]Metric, len(at))
	for i, t := range at {
		list[i] = Metric{Value: values[i], Date: datetime.Format(t)}
	}
	return list
}

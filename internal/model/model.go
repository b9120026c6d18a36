// Package model holds the shapes of answers that more than one service returns.
// Their fields stand in the order of the contract, and each is always there.
package model

import (
	"time"

	"moorfast/internal/datetime"
)

// Time returns a moment, in microseconds since 1970, as answers show it, and ""
// for the zero moment, which stands for one that has not come.
func Time(micros int64) string {
	if micros == 0 {
		return ""
	}
	return datetime.Format(time.UnixMicro(micros))
}

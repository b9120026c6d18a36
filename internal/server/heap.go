package server

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// While little is alive, Go collects garbage many times a second under load, to
// save memory that nobody is short of. roomyHeap lets about heapRoom of garbage
// come together first, and goes back to Go's own measure as more is alive. What
// is large and short-lived, such as the memory of password hashes, is collected
// at the limit. A GOGC or a GOMEMLIMIT that the operator has set stays.
func roomyHeap(ctx context.Context) {
	const usual = 100
	if was := debug.SetGCPercent(usual); was != usual || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		debug.SetGCPercent(was)
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(heapPause)
	defer tick.Stop()
	for {
		metrics.Read(live)
		alive := live[0].Value.Uint64()
		debug.SetGCPercent(gcPercent(alive))
		debug.SetMemoryLimit(memoryLimit(alive))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

const (
	heapRoom  = 48 << 20 // bytes
	heapLimit = 96 << 20 // bytes
	heapPause = 2 * time.Second
)

// memoryLimit is where garbage is collected whatever else is said. It is far
// from what is alive, so that it never makes the collector run without end.
func memoryLimit(live uint64) int64 { return int64(max(heapLimit, 4*live)) }

// gcPercent is how much garbage may come to lie beside what is alive, in
// percent of it.
func gcPercent(live uint64) int {
	percent := uint64(heapRoom) * 100 / max(live, 1)
	return int(min(max(percent, 100), 1000))
}

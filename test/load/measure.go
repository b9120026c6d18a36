package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

type result struct{ rate, p50, p99, cpu float64 }

// measure runs op on conns connections, each waiting for its answer.
func measure(ctx context.Context, p *process, conns int, op func(worker, i int) error) (result, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		took  []time.Duration
		first error
		ended atomic.Bool
		count atomic.Int64
	)
	begin, cpu := time.Now(), p.cpu()
	time.AfterFunc(time.Duration(*seconds*float64(time.Second)), func() { ended.Store(true) })
	for w := range conns {
		wg.Go(func() {
			var mine []time.Duration
			for !ended.Load() && ctx.Err() == nil {
				t := time.Now()
				if err := op(w, int(count.Add(1))); err != nil {
					mu.Lock()
					first = err
					mu.Unlock()
					ended.Store(true)
					return
				}
				mine = append(mine, time.Since(t))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	used, elapsed := p.cpu()-cpu, time.Since(begin)
	if first != nil || len(took) == 0 {
		return result{}, first
	}
	slices.Sort(took)
	at := func(q float64) float64 { return took[int(q*float64(len(took)-1))].Seconds() * 1000 }
	n := float64(len(took))
	return result{rate: n / elapsed.Seconds(), p50: at(0.5), p99: at(0.99), cpu: float64(used.Microseconds()) / n}, nil
}

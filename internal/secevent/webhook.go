package secevent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"moorfast/internal/fetch"
	"moorfast/internal/vault"
)

// Out is the way to other servers.
type Out interface {
	Do(ctx context.Context, r fetch.Request, use fetch.Use) (*fetch.Response, error)
}

// Webhook posts events as {"events": […], "dropped": n}, signed; see [fetch.Signed].
type Webhook struct {
	Address string
	Secret  vault.Secret
	Out     Out
	Now     func() time.Time
	Log     *slog.Logger

	// Wait lets time pass between tries; nil does so by the clock of the machine.
	Wait func(ctx context.Context, d time.Duration)
}

// Bounds of the webhook.
const (
	batch     = 50
	patience  = 5 * time.Second // with one try
	firstWait = time.Second
	mostWait  = time.Minute
)

// Run sends what the listener hears until ctx ends. What can not be sent is tried
// again, with the newest events first kept: the listener drops the oldest.
func (w *Webhook) Run(ctx context.Context, l *Listener) {
	wait := firstWait
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.Wake():
		}
		list, dropped := l.Take()
		for len(list) > 0 && ctx.Err() == nil {
			some := list[:min(batch, len(list))]
			if err := w.Send(ctx, some, dropped); err != nil {
				if ctx.Err() == nil {
					w.Log.WarnContext(ctx, "send security events", "err", err, "events", len(list))
				}
				w.pause(ctx, wait)
				wait = min(2*wait, mostWait)
				more, lost := l.Take()
				list, dropped = append(list, more...), dropped+lost
				if over := len(list) - buffered; over > 0 {
					list, dropped = list[over:], dropped+over
				}
				continue
			}
			wait, dropped, list = firstWait, 0, list[len(some):]
		}
	}
}

func (w *Webhook) pause(ctx context.Context, d time.Duration) {
	if w.Wait != nil {
		w.Wait(ctx, d)
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Send sends events once.
func (w *Webhook) Send(ctx context.Context, list []Event, dropped int) error {
	body, err := json.Marshal(struct {
		Events  []Event `json:"events"`
		Dropped int     `json:"dropped"`
	}{list, dropped})
	if err != nil {
		return err
	}
	response, err := w.Out.Do(ctx, fetch.Request{
		Method: "POST", URL: w.Address, Body: body, Header: fetch.Signed(w.Secret.Reveal(), w.Now(), body),
	}, fetch.Use{AnyPort: true, MaxBytes: 64 << 10, Timeout: patience})
	switch {
	case err != nil:
		return fmt.Errorf("security events webhook: %w", err)
	case response.Status >= 300:
		return errors.New("security events webhook: it answered " + strconv.Itoa(response.Status))
	}
	return nil
}

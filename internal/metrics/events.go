package metrics

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"moorfast/internal/clock"
	"moorfast/internal/secevent"
)

// How often a stream that has nothing to say says so, and how long one write may
// take.
const (
	beat      = 15 * time.Second
	writeTime = 10 * time.Second
)

// stream sends security events until the client goes: as server-sent events, whose
// id is the number, so that a client which comes back gets what it missed of the
// last ones. "dropped" says how many were lost because the client was too slow.
func stream(w http.ResponseWriter, r *http.Request, bus *secevent.Bus) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	after := bus.Last()
	if text := r.Header.Get("Last-Event-ID"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			http.Error(w, "Last-Event-ID is not the number of an event", http.StatusBadRequest)
			return
		}
		after = n
	}
	l, err := bus.Listen(after)
	if err != nil {
		http.Error(w, "too many listen already", http.StatusServiceUnavailable)
		return
	}
	defer l.Close()
	control := http.NewResponseController(w)
	send := func(text string) error {
		if err := control.SetWriteDeadline(clock.System{}.Now().Add(writeTime)); err != nil {
			return err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return control.Flush()
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for text := ": security events\n\n"; ; {
		if send(text) != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
			text = ": \n\n"
		case <-l.Wake():
			text = render(l.Take())
		}
	}
}

func render(list []secevent.Event, dropped int) (text string) {
	if dropped > 0 {
		text = fmt.Sprintf("event: dropped\ndata: {\"dropped\":%d}\n\n", dropped)
	}
	for _, e := range list {
		b, err := json.Marshal(e)
		if err != nil {
			continue // there is nothing in it that can not be encoded
		}
		text += fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Number, e.Kind, b)
	}
	return text
}

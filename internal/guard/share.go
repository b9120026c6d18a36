package guard

import (
	"net/netip"
	"time"
)

// Outcome is how an attempt ended on another node.
type Outcome struct {
	Project string       `json:"project"`
	Account string       `json:"account"`
	Network netip.Prefix `json:"network"`
	Known   bool         `json:"known,omitempty"` // the account was signed in to from there before
	Result  Result       `json:"result"`
}

// mostTold bounds what one node tells the others at once. What is beyond is
// counted here alone.
const mostTold = 5000

// Share makes the guard remember how attempts end until [Guard.Told] takes it.
func (g *Guard) Share() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shared = true
}

// Told returns what has ended since the last time, for other nodes.
func (g *Guard) Told() []Outcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := g.news
	g.news = nil
	return list
}

// Learn counts what has ended on another node. Who is to hear of alarms hears of
// them there.
func (g *Guard) Learn(o Outcome, now time.Time) {
	pair := key{o.Project, o.Account, o.Network}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle(pair, g.counts(pair, o.Known, now), o.Result, now)
}

func (g *Guard) note(pair key, known bool, r Result) {
	if g.shared && r != Undecided && len(g.news) < mostTold {
		g.news = append(g.news, Outcome{pair.project, pair.account, pair.network, known, r})
	}
}

package databases

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/documents"
)

// pages holds lists of rows for as long as those who asked for them said. Rows
// that change meanwhile are not in them; that is what a client asks for with a
// "ttl". A list is only ever given to callers with the very same roles.
type pages struct {
	mu   sync.Mutex
	held map[string]page
	size int
}

type page struct {
	body api.Raw
	ends time.Time
}

const (
	maxPages     = 1024
	maxPagesSize = 16 << 20
	maxPageSize  = 1 << 20
)

// tableOf begins the keys of the lists of a table.
func tableOf(call *api.Call, ref documents.Ref) string {
	return call.Project.ID + "\x00" + ref.Database + "\x00" + ref.Table + "\x00"
}

// pageKey tells apart whatever makes a difference to a list.
func pageKey(call *api.Call, t *documents.Table, ref documents.Ref, as documents.Form, queries []string, total bool) string {
	roles := "server"
	if !call.Actor.Server() {
		roles = "roles\x01" + strings.Join(call.Actor.Roles, "\x01")
	}
	return tableOf(call, ref) + strings.Join([]string{
		strconv.FormatInt(t.Version(), 10), as.Rows, roles, strconv.FormatBool(total), strings.Join(queries, "\x01"),
	}, "\x00")
}

func (p *pages) get(key string, now time.Time) (api.Raw, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held, ok := p.held[key]
	if !ok || !now.Before(held.ends) {
		return nil, false
	}
	return held.body, true
}

func (p *pages) put(key string, body api.Raw, ends time.Time) {
	if len(body) > maxPageSize {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(key)
	for other := range p.held { // any will do: what is asked for comes back
		if len(p.held) < maxPages && p.size+len(body) <= maxPagesSize {
			break
		}
		p.drop(other)
	}
	if p.held == nil {
		p.held = map[string]page{}
	}
	p.held[key] = page{body, ends}
	p.size += len(body)
}

// forget drops the lists whose keys begin with table.
func (p *pages) forget(table string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.held {
		if strings.HasPrefix(key, table) {
			p.drop(key)
		}
	}
}

func (p *pages) drop(key string) {
	if held, ok := p.held[key]; ok {
		p.size -= len(held.body)
		delete(p.held, key)
	}
}

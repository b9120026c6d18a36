package query

// DefaultLimit is how many entries a list has that was not asked for a number.
const DefaultLimit = 25

// Plan is what a list was asked for, sorted by what it does.
type Plan struct {
	Filters []Query  // all of them must hold
	Selects []string // nothing: everything
	Orders  []Order
	Limit   int64
	Offset  int64
	Cursor  Cursor
}

// Order is one key of the order of a list.
type Order struct {
	Attribute string // empty: the order in which entries were made
	Desc      bool
	Random    bool
}

// Cursor is where a page begins: behind an entry, or before it.
type Cursor struct {
	ID     string // empty: no cursor
	Before bool
}

// Split sorts queries that were checked. Of several limits, offsets or cursors
// the first counts.
func Split(queries []Query) Plan {
	p := Plan{Limit: -1, Offset: -1}
	for _, q := range queries {
		switch methods[q.Method].kind {
		case filter, logical:
			p.Filters = append(p.Filters, q)
		case selection:
			for _, v := range q.Values {
				if name, ok := v.(string); ok {
					p.Selects = append(p.Selects, name)
				}
			}
		case order:
			p.Orders = append(p.Orders, Order{
				Attribute: q.Attribute,
				Desc:      q.Method == OrderDesc,
				Random:    q.Method == OrderRandom,
			})
		case limit:
			if p.Limit < 0 {
				p.Limit, _ = number(q)
			}
		case offset:
			if p.Offset < 0 {
				p.Offset, _ = number(q)
			}
		case cursor:
			if p.Cursor.ID == "" {
				id, _ := first(q).(string)
				p.Cursor = Cursor{ID: id, Before: q.Method == CursorBefore}
			}
		}
	}
	if p.Limit < 0 {
		p.Limit = DefaultLimit
	}
	p.Offset = max(p.Offset, 0)
	return p
}

func first(q Query) any {
	if len(q.Values) == 0 {
		return nil
	}
	return q.Values[0]
}

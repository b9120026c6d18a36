package sqlb

import "slices"

// After holds for the rows that follow, in the given order, the row that has
// values in the order's columns. The last column must tell all rows apart, or
// rows equal to that one are lost. A NULL among the values is nil.
//
//	Where: And(where, After(order, last.CreatedAt, last.Seq))
//
// To page backwards, go after the row in the [Reverse] order.
func After(order []Order, values ...any) Cond {
	if len(order) != len(values) {
		panic("sqlb: After needs a value for each column of the order")
	}
	return after{order, values}
}

// Reverse returns the order that lists the same rows from the other end.
func Reverse(order []Order) []Order {
	reversed := slices.Clone(order)
	for i := range reversed {
		reversed[i].Desc = !reversed[i].Desc
	}
	return reversed
}

type after struct {
	order  []Order
	values []any
}

func (c after) write(b *builder) {
	switch {
	case len(c.order) == 0:
		b.put("1 = 1")
	case c.uniform():
		c.writeRow(b)
	default:
		c.writeSteps(b)
	}
}

// uniform tells whether one comparison of rows says it all.
func (c after) uniform() bool {
	for i, o := range c.order {
		if o.Desc != c.order[0].Desc || o.Nullable || c.values[i] == nil {
			return false
		}
	}
	return true
}

// writeRow writes (a, b) > (?, ?), which both engines seek in an index on (a, b).
func (c after) writeRow(b *builder) {
	b.put("(")
	for i, o := range c.order {
		if i > 0 {
			b.put(", ")
		}
		b.put(o.expr(b.d))
	}
	b.put(") ", beyond(c.order[0].Desc), " (")
	for i, o := range c.order {
		if i > 0 {
			b.put(", ")
		}
		b.orderValue(o, c.values[i])
	}
	b.put(")")
}

// writeSteps writes (a > ? OR (a = ? AND (b < ? OR …))).
func (c after) writeSteps(b *builder) {
	o, v := c.order[0], c.values[0]
	b.put("(")
	switch {
	case v == nil && o.Desc:
		b.put("1 = 0") // NULL is last, so nothing follows it
	case v == nil:
		b.put(o.expr(b.d), " IS NOT NULL")
	default:
		b.put(o.expr(b.d), " ", beyond(o.Desc), " ")
		b.orderValue(o, v)
		if o.Desc && o.Nullable {
			b.put(" OR ", b.d.Name(o.Column), " IS NULL")
		}
	}
	if len(c.order) > 1 {
		b.put(" OR (")
		if v == nil {
			b.put(b.d.Name(o.Column), " IS NULL")
		} else {
			b.put(o.expr(b.d), " = ")
			b.orderValue(o, v)
		}
		b.put(" AND ")
		after{c.order[1:], c.values[1:]}.writeSteps(b)
		b.put(")")
	}
	b.put(")")
}

func (b *builder) orderValue(o Order, v any) {
	if o.Fold {
		b.put(b.d.foldArgument())
		b.args = append(b.args, v)
		return
	}
	b.arg(v)
}

func beyond(desc bool) string {
	if desc {
		return "<"
	}
	return ">"
}

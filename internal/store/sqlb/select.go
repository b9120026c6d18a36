package sqlb

// Select reads rows of one table.
type Select struct {
	Columns []string // none selects the number 1: whether there are rows at all
	From    string
	Where   Cond
	Order   []Order
	Limit   int // 0 is no limit
	Offset  int
	Lock    bool // the transaction is going to change these rows
}

// Order is one column that rows are sorted by.
type Order struct {
	Column string
	Desc   bool
	// Nullable says that the column may hold NULL, which sorts below every
	// value. Say it only where it is so: PostgreSQL then needs an index whose
	// NULLs are in the same place, which [Order.SQL] writes.
	Nullable bool
	// Fold sorts text without regard to ASCII case.
	Fold bool
}

// SQL returns the statement and its arguments.
func (s Select) SQL(d Dialect) (string, []any) {
	b := newBuilder(d)
	s.write(b)
	if s.Lock {
		b.put(d.ForUpdate())
	}
	return b.done()
}

func (s Select) write(b *builder) {
	b.put("SELECT ")
	if len(s.Columns) == 0 {
		b.put("1")
	}
	b.names(s.Columns)
	b.put(" FROM ")
	b.name(s.From)
	b.where(s.Where)
	for i, o := range s.Order {
		if i == 0 {
			b.put(" ORDER BY ")
		} else {
			b.put(", ")
		}
		b.put(o.SQL(b.d))
	}
	b.limit(s.Limit, s.Offset)
}

// SQL returns the sort term, for an ORDER BY or for the index that serves it.
func (o Order) SQL(d Dialect) string {
	term := o.expr(d)
	if o.Desc {
		term += " DESC"
	}
	// SQLite puts NULL below every value by itself.
	switch {
	case d != Postgres || !o.Nullable:
	case o.Desc:
		term += " NULLS LAST"
	default:
		term += " NULLS FIRST"
	}
	return term
}

func (o Order) expr(d Dialect) string {
	if o.Fold {
		return d.Fold(d.Name(o.Column))
	}
	return d.Name(o.Column)
}

func (b *builder) limit(limit, offset int) {
	switch {
	case limit > 0:
		b.put(" LIMIT ")
		b.arg(limit)
	case offset > 0 && b.d == SQLite: // which has no OFFSET without a LIMIT
		b.put(" LIMIT -1")
	}
	if offset > 0 {
		b.put(" OFFSET ")
		b.arg(offset)
	}
}

// Count counts rows of one table.
type Count struct {
	From  string
	Where Cond
	Cap   int // stop counting there; 0 counts all
}

// SQL returns the statement and its arguments.
func (c Count) SQL(d Dialect) (string, []any) {
	b := newBuilder(d)
	if c.Cap <= 0 {
		b.put("SELECT count(*) FROM ")
		b.name(c.From)
		b.where(c.Where)
		return b.done()
	}
	b.put("SELECT count(*) FROM (")
	Select{From: c.From, Where: c.Where, Limit: c.Cap}.write(b)
	b.put(") AS capped")
	return b.done()
}

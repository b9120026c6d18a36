package sqlb

// Insert adds rows to a table.
type Insert struct {
	Into    string
	Columns []string
	Rows    [][]any // one value for each column; none adds a row of defaults

	// Conflict names the columns of a unique key. Where a row with the same key
	// is there already, Update changes that row, or without any, it stays.
	Conflict []string
	Update   []Assign

	Returning []string
}

// SQL returns the statement and its arguments.
func (s Insert) SQL(d Dialect) (string, []any) {
	b := newBuilder(d)
	b.put("INSERT INTO ")
	b.name(s.Into)
	if len(s.Columns) == 0 {
		b.put(" DEFAULT VALUES")
	} else {
		b.put(" (")
		b.names(s.Columns)
		b.put(") VALUES ")
		for i, row := range s.Rows {
			if i > 0 {
				b.put(", ")
			}
			b.row(len(s.Columns), row)
		}
	}
	if len(s.Conflict) > 0 {
		b.put(" ON CONFLICT (")
		b.names(s.Conflict)
		b.put(") DO ")
		if len(s.Update) > 0 {
			b.put("UPDATE")
			b.set(s.Update)
		} else {
			b.put("NOTHING")
		}
	}
	b.returning(s.Returning)
	return b.done()
}

// row writes the marks of one row. Without values, the statement is a template,
// and its arguments are given later.
func (b *builder) row(columns int, values []any) {
	if values != nil && len(values) != columns {
		panic("sqlb: Insert needs a value for each column")
	}
	b.put("(")
	for i := range columns {
		if i > 0 {
			b.put(", ")
		}
		b.put("?")
	}
	b.put(")")
	b.args = append(b.args, values...)
}

// Update changes rows of a table.
type Update struct {
	Table     string
	Set       []Assign
	Where     Cond
	Returning []string
}

// SQL returns the statement and its arguments.
func (s Update) SQL(d Dialect) (string, []any) {
	b := newBuilder(d)
	b.put("UPDATE ")
	b.name(s.Table)
	b.set(s.Set)
	b.where(s.Where)
	b.returning(s.Returning)
	return b.done()
}

// Assign gives a column a new value.
type Assign struct {
	column string
	expr   string
	args   []any
}

// Set makes column v.
func Set(column string, v any) Assign { return Assign{column, "?", []any{v}} }

// SetExpr makes column what expr says of the row: SetExpr("total", "total + ?", 1).
func SetExpr(column, expr string, args ...any) Assign { return Assign{column, expr, args} }

// SetInserted makes column what an [Insert] that met a conflict had for it.
func SetInserted(column string) Assign { return Assign{column: column} }

func (b *builder) set(list []Assign) {
	for i, a := range list {
		if i == 0 {
			b.put(" SET ")
		} else {
			b.put(", ")
		}
		b.name(a.column)
		if a.expr == "" {
			b.put(" = excluded.", b.d.Name(a.column))
			continue
		}
		b.put(" = ", a.expr)
		b.args = append(b.args, a.args...)
	}
}

// Delete removes rows of a table.
type Delete struct {
	From      string
	Where     Cond
	Returning []string
}

// SQL returns the statement and its arguments.
func (s Delete) SQL(d Dialect) (string, []any) {
	b := newBuilder(d)
	b.put("DELETE FROM ")
	b.name(s.From)
	b.where(s.Where)
	b.returning(s.Returning)
	return b.done()
}

func (b *builder) returning(columns []string) {
	if len(columns) > 0 {
		b.put(" RETURNING ")
		b.names(columns)
	}
}

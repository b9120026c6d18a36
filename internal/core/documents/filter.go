package documents

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"moorfast/internal/datetime"
	"moorfast/internal/query"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
	"moorfast/internal/store/sqlb"
)

// An operand is what a query compares or sorts by.
type operand struct {
	name     string // of the store's column
	fold     bool   // texts compare without regard to case
	nullable bool
	array    bool
	link     *link // of a relationship, which has no column of the store
}

// operand finds what a key of a column, or of a system's column, stands for.
func (t *Table) operand(key string) operand {
	switch key {
	case "$id":
		return operand{name: idColumn}
	case "$sequence":
		return operand{name: seqColumn}
	case "$createdAt":
		return operand{name: createdColumn}
	case "$updatedAt":
		return operand{name: updatedColumn}
	}
	i, ok := t.Schema.Position(key)
	if !ok {
		return operand{}
	}
	f := &t.fields[i]
	if f.hash != "" {
		return operand{name: f.hash, nullable: true}
	}
	// A column that became required may have rows without a value.
	return operand{name: f.name, fold: f.form == asText, nullable: true, array: f.column.Array, link: f.link}
}

// queryRules says what queries of the table may ask.
func (t *Table) queryRules() query.Rules {
	attributes := query.System()
	for i := range t.Schema.Columns {
		c := &t.Schema.Columns[i]
		attributes[c.Key] = query.Attribute{Type: queryType(c.Type), Array: c.Array, Encrypted: c.Encrypt, Hashed: t.fields[i].hash != "", Virtual: c.Relation != nil && c.Relation.Virtual()}
	}
	for i := range t.Schema.Indexes {
		if t.Schema.Indexes[i].Type != schema.FulltextIndex {
			continue
		}
		for _, key := range t.Schema.Indexes[i].Columns {
			a := attributes[key]
			a.Fulltext = true
			attributes[key] = a
		}
	}
	return query.Rules{
		Attributes: attributes,
		Select:     true,
		Selects:    []string{"$permissions", "$databaseId", "$tableId", "$collectionId", everyRelation},
	}
}

func queryType(t schema.Type) query.Type {
	switch t {
	case schema.Integer, schema.BigInt:
		return query.Integer
	case schema.Float:
		return query.Float
	case schema.Boolean:
		return query.Boolean
	case schema.Datetime:
		return query.Datetime
	case schema.Relationship:
		return query.Relationship
	case schema.Point, schema.Line, schema.Polygon:
		return query.Spatial
	}
	return query.Text
}

// filters makes one condition of queries that were checked.
func (t *Table) filters(d sqlb.Dialect, queries []query.Query) (sqlb.Cond, error) {
	queries, conds, err := t.grouped(d, queries)
	if err != nil {
		return nil, err
	}
	conds = slices.Grow(conds, len(queries)+1)
	for _, q := range queries {
		c, err := t.filter(d, q)
		if err != nil {
			return nil, err
		}
		conds = append(conds, c)
	}
	if len(conds) == 1 {
		return conds[0], nil
	}
	return sqlb.And(conds...), nil
}

func (t *Table) filter(d sqlb.Dialect, q query.Query) (sqlb.Cond, error) {
	switch q.Method {
	case query.And:
		return t.filters(d, q.Queries)
	case query.Or:
		conds := make([]sqlb.Cond, len(q.Queries))
		for i, child := range q.Queries {
			var err error
			if conds[i], err = t.filter(d, child); err != nil {
				return nil, err
			}
		}
		return sqlb.Or(conds...), nil
	case query.Exists, query.NotExists:
		return t.exists(q), nil
	case query.Search, query.NotSearch:
		return t.search(d, q), nil
	case query.Regex:
		return t.regex(d, q)
	}
	if s, rest := t.stepOf(q.Attribute); s != nil {
		q.Attribute = rest
		return s.holds(d, []query.Query{q})
	}
	o := t.operand(q.Attribute)
	if l, ok := first(q.Values).(located); ok {
		return l.condition(d, o.name), nil
	}
	values := arguments(q.Values)
	var c sqlb.Cond
	switch {
	case o.link != nil:
		c = o.link.compare(q.Method, values)
	case q.Method == query.IsNull:
		return sqlb.IsNull(o.name), nil
	case q.Method == query.IsNotNull:
		return sqlb.NotNull(o.name), nil
	case o.array:
		c = members(d, q.Method, o, q.Values)
	default:
		c = compare(q.Method, o.name, values)
	}
	if c == nil {
		return nil, &query.Error{Message: "Invalid query: The method " + string(q.Method) + " is not supported by this database."}
	}
	if o.fold {
		c = sqlb.Fold(c)
	}
	return c, nil
}

// exists looks at several columns, which all have a value, or all have none.
func (t *Table) exists(q query.Query) sqlb.Cond {
	conds := make([]sqlb.Cond, 0, len(q.Values))
	for _, v := range q.Values {
		key, _ := v.(string)
		if l := t.operand(key).link; l != nil {
			conds = append(conds, l.compare(map[bool]query.Method{true: query.IsNotNull, false: query.IsNull}[q.Method == query.Exists], nil))
			continue
		}
		if q.Method == query.Exists {
			conds = append(conds, sqlb.NotNull(t.operand(key).name))
		} else {
			conds = append(conds, sqlb.IsNull(t.operand(key).name))
		}
	}
	return sqlb.And(conds...)
}

// arguments gives values the form in which the store keeps them.
func arguments(values []any) []any {
	args := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case time.Time:
			args[i] = v.UnixMilli()
		case bool:
			args[i] = int64(0)
			if v {
				args[i] = int64(1)
			}
		default:
			args[i] = v
		}
	}
	return args
}

// compare is what a method means for a column with one value. It is nil where
// the store has no means for it.
func compare(m query.Method, column string, values []any) sqlb.Cond {
	switch m {
	case query.Equal:
		if len(values) == 1 {
			return sqlb.Eq(column, values[0])
		}
		return sqlb.In(column, values...)
	case query.NotEqual:
		return sqlb.Ne(column, values[0])
	case query.LessThan:
		return sqlb.Lt(column, values[0])
	case query.LessThanEqual:
		return sqlb.Le(column, values[0])
	case query.GreaterThan:
		return sqlb.Gt(column, values[0])
	case query.GreaterThanEqual:
		return sqlb.Ge(column, values[0])
	case query.Between:
		return sqlb.And(sqlb.Ge(column, values[0]), sqlb.Le(column, values[1]))
	case query.NotBetween:
		return sqlb.Or(sqlb.Lt(column, values[0]), sqlb.Gt(column, values[1]))
	}
	return compareText(m, column, values)
}

// compareText looks at a part of a text. Of several values one is enough, unless
// the method says all.
func compareText(m query.Method, column string, values []any) sqlb.Cond {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i], _ = v.(string)
	}
	switch m {
	case query.Contains, query.ContainsAny:
		return sqlb.Or(each(texts, column, sqlb.Contains)...)
	case query.ContainsAll:
		return sqlb.And(each(texts, column, sqlb.Contains)...)
	case query.NotContains:
		return sqlb.Not(sqlb.Or(each(texts, column, sqlb.Contains)...))
	case query.StartsWith:
		return startsWith(column, texts[0])
	case query.NotStartsWith:
		return sqlb.Not(startsWith(column, texts[0]))
	case query.EndsWith:
		return sqlb.EndsWith(column, texts[0])
	case query.NotEndsWith:
		return sqlb.Not(sqlb.EndsWith(column, texts[0]))
	}
	return nil
}

func each(texts []string, column string, cond func(column, part string) sqlb.Cond) []sqlb.Cond {
	conds := make([]sqlb.Cond, len(texts))
	for i, s := range texts {
		conds[i] = cond(column, s)
	}
	return conds
}

// startsWith holds between a text and the last one that begins with it, which
// an index finds as it does not find a pattern.
func startsWith(column, s string) sqlb.Cond {
	return sqlb.And(sqlb.Ge(column, s), sqlb.Le(column, s+string(utf8.MaxRune)))
}

// members looks into a column with an array, which the store keeps as JSON.
func members(d sqlb.Dialect, m query.Method, o operand, values []any) sqlb.Cond {
	column := d.Name(o.name)
	wanted := string(jsonList(values))
	items, wants := `json_each(`+column+`) AS i`, `json_each(?) AS w`
	if d == sqlb.Postgres {
		items, wants = `jsonb_array_elements(CAST(`+column+` AS jsonb)) AS i(value)`, `jsonb_array_elements(CAST(? AS jsonb)) AS w(value)`
	}
	overlaps := `EXISTS (SELECT 1 FROM ` + items + ` CROSS JOIN ` + wants + ` WHERE i.value = w.value)`
	switch m {
	case query.Contains, query.ContainsAny:
		return sqlb.Raw(column+` IS NOT NULL AND `+overlaps, wanted)
	case query.NotContains:
		return sqlb.Raw(column+` IS NOT NULL AND NOT `+overlaps, wanted)
	case query.ContainsAll:
		return sqlb.Raw(column+` IS NOT NULL AND NOT EXISTS (SELECT 1 FROM `+wants+` WHERE NOT EXISTS (SELECT 1 FROM `+items+` WHERE i.value = w.value))`, wanted)
	}
	return nil
}

// jsonList writes checked values as the store has them in arrays.
func jsonList(values []any) []byte {
	text := []byte{'['}
	for i, v := range values {
		if i > 0 {
			text = append(text, ',')
		}
		switch v := v.(type) {
		case string:
			text = rawjson.AppendString(text, v)
		case int64:
			text = strconv.AppendInt(text, v, 10)
		case float64:
			text = rawjson.AppendFloat(text, v)
		case bool:
			text = strconv.AppendBool(text, v)
		case time.Time:
			text = append(datetime.Append(append(text, '"'), v.UnixMilli()), '"')
		default:
			text = append(text, "null"...)
		}
	}
	return append(text, ']')
}

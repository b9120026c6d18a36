package sqlb

import "strings"

// Cond is a condition on a row. A nil Cond holds for every row.
type Cond interface{ write(*builder) }

// Eq holds where column is v; with a nil v, where it is NULL.
func Eq(column string, v any) Cond {
	if v == nil {
		return IsNull(column)
	}
	return comparison{column, " = ", v}
}

// Ne holds where column is a value other than v; with a nil v, where it is any
// value. As everywhere in SQL, NULL is not unequal to a value.
func Ne(column string, v any) Cond {
	if v == nil {
		return NotNull(column)
	}
	return comparison{column, " <> ", v}
}

// Lt holds where column is less than v.
func Lt(column string, v any) Cond { return comparison{column, " < ", v} }

// Le holds where column is v or less.
func Le(column string, v any) Cond { return comparison{column, " <= ", v} }

// Gt holds where column is greater than v.
func Gt(column string, v any) Cond { return comparison{column, " > ", v} }

// Ge holds where column is v or greater.
func Ge(column string, v any) Cond { return comparison{column, " >= ", v} }

type comparison struct {
	column, op string
	value      any
}

func (c comparison) write(b *builder) {
	b.operand(c.column, c.value)
	b.put(c.op)
	b.value(c.value)
}

// In holds where column is one of vs; of no values, it holds nowhere.
func In[T any](column string, vs ...T) Cond {
	values := make([]any, len(vs))
	for i, v := range vs {
		values[i] = v
	}
	return list{column, values}
}

type list struct {
	column string
	values []any
}

func (c list) write(b *builder) {
	if len(c.values) == 0 {
		b.put("1 = 0")
		return
	}
	b.operand(c.column, c.values[0])
	b.put(" IN (")
	// The list is filled up to a power of two with its last value, so that lists
	// of all lengths share a few prepared statements.
	for i, n := 0, 1; i < n; i++ {
		if n < len(c.values) {
			n *= 2
		}
		if i > 0 {
			b.put(", ")
		}
		b.value(c.values[min(i, len(c.values)-1)])
	}
	b.put(")")
}

// InSelect holds where column is one of the values that s selects.
func InSelect(column string, s Select) Cond { return subselect{column, s} }

type subselect struct {
	column string
	s      Select
}

func (c subselect) write(b *builder) {
	b.name(c.column)
	b.put(" IN (")
	c.s.write(b)
	b.put(")")
}

// IsNull holds where column is NULL.
func IsNull(column string) Cond { return null{column, " IS NULL"} }

// NotNull holds where column is a value.
func NotNull(column string) Cond { return null{column, " IS NOT NULL"} }

type null struct{ column, op string }

func (c null) write(b *builder) {
	b.name(c.column)
	b.put(c.op)
}

// Like holds where column matches pattern: "%" stands for any text, "_" for one
// character, and "\" takes the meaning from the next. ASCII letters match in
// both cases.
func Like(column, pattern string) Cond { return like{column, pattern} }

// Contains holds where part is found in column, in either case.
func Contains(column, part string) Cond { return like{column, "%" + literal(part) + "%"} }

// StartsWith holds where column begins with part, in either case.
func StartsWith(column, part string) Cond { return like{column, literal(part) + "%"} }

// EndsWith holds where column ends with part, in either case.
func EndsWith(column, part string) Cond { return like{column, "%" + literal(part)} }

type like struct{ column, pattern string }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func literal(s string) string { return likeEscaper.Replace(s) }

func (c like) write(b *builder) {
	// SQLite's LIKE folds ASCII by itself, and only without COLLATE uses an index.
	if b.d == Postgres {
		b.put(b.d.Fold(b.d.Name(c.column)), " LIKE ", b.d.foldArgument())
	} else {
		b.name(c.column)
		b.put(" LIKE ?")
	}
	b.put(` ESCAPE '\'`)
	b.args = append(b.args, c.pattern)
}

// And holds where all of conds do; without any, everywhere.
func And(conds ...Cond) Cond { return group{conds, " AND ", "1 = 1"} }

// Or holds where one of conds does; without any, nowhere.
func Or(conds ...Cond) Cond { return group{conds, " OR ", "1 = 0"} }

type group struct {
	conds []Cond
	op    string
	none  string
}

func (c group) write(b *builder) {
	if len(c.conds) == 0 {
		b.put(c.none)
		return
	}
	b.put("(")
	for i, cond := range c.conds {
		if i > 0 {
			b.put(c.op)
		}
		if cond == nil {
			b.put("1 = 1")
			continue
		}
		cond.write(b)
	}
	b.put(")")
}

// Not holds where c does not, and where c is not NULL either.
func Not(c Cond) Cond { return not{c} }

type not struct{ c Cond }

func (n not) write(b *builder) {
	b.put("NOT ")
	And(n.c).write(b)
}

// Fold compares the text in c without regard to ASCII case.
func Fold(c Cond) Cond { return folded{c} }

type folded struct{ c Cond }

func (f folded) write(b *builder) {
	was := b.fold
	b.fold = true
	f.c.write(b)
	b.fold = was
}

// Raw is a condition in SQL. Write it in what both engines understand, and let
// values travel in args, one for each "?".
func Raw(sql string, args ...any) Cond { return raw{sql, args} }

type raw struct {
	sql  string
	args []any
}

func (c raw) write(b *builder) {
	b.put("(", c.sql, ")")
	b.args = append(b.args, c.args...)
}

// operand writes a column that is compared with v.
func (b *builder) operand(column string, v any) {
	if _, text := v.(string); text && b.fold {
		b.put(b.d.Fold(b.d.Name(column)))
		return
	}
	b.name(column)
}

// value writes what an operand is compared with.
func (b *builder) value(v any) {
	if _, text := v.(string); text && b.fold {
		b.put(b.d.foldArgument())
		b.args = append(b.args, v)
		return
	}
	b.arg(v)
}

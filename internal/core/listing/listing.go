// Package listing reads pages of the tables that the program itself keeps, such
// as users or teams, as the queries of a client ask for them.
package listing

import (
	"context"
	"errors"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// MaxTotal is where the counting of a list stops, as in the contract.
const MaxTotal = 5000

// Table is a table that can be listed.
type Table struct {
	Name     string
	ID       string            // column of what clients call "$id"; "" is "id"
	Resource string            // of one row, for messages: "User"
	Columns  map[string]Column // by the name that clients have for it
	Search   []string          // columns that a search looks in
}

// Column is what clients can filter and order by.
type Column struct {
	Name     string
	Type     query.Type
	Array    bool // a list, kept as JSON
	Nullable bool
}

// Page is what a client asked of a list.
type Page struct {
	Queries api.Queries
	Search  string
	NoTotal bool      // do not count
	Where   sqlb.Cond // what the client may see at all; nil is everything
	Limit   int       // where the queries name none; 0 is 25
	Select  bool      // the list takes select queries, and ignores them
}

var system = map[string]Column{
	"$sequence":  {Name: "seq", Type: query.Sequence},
	"$createdAt": {Name: "created_at", Type: query.Datetime},
	"$updatedAt": {Name: "updated_at", Type: query.Datetime},
}

func (t Table) id() string {
	if t.ID == "" {
		return "id"
	}
	return t.ID
}

func (t Table) column(name string) Column {
	if name == "$id" {
		return Column{Name: t.id(), Type: query.Text}
	}
	if c, ok := system[name]; ok {
		return c
	}
	return t.Columns[name]
}

func (t Table) rules(p Page) query.Rules {
	attributes := query.System()
	for name, c := range t.Columns {
		attributes[name] = query.Attribute{Type: c.Type, Array: c.Array}
	}
	return query.Rules{Attributes: attributes, Select: p.Select}
}

// Window plans a list that takes limits and offsets, and nothing else. What is
// wrong with the queries is an error of the "queries" parameter.
func Window(queries api.Queries) (query.Plan, error) {
	plan, err := query.Window(queries)
	return plan, refusal(err)
}

// Plan plans a list of what is in no table. What is wrong with the queries is an
// error of the "queries" parameter.
func Plan(rules query.Rules, queries api.Queries) (query.Plan, error) {
	plan, err := rules.Plan(queries)
	return plan, refusal(err)
}

func refusal(err error) error {
	var wrong *query.Error
	if errors.As(err, &wrong) {
		return api.Invalid("queries", errors.New(wrong.InParam()))
	}
	return err
}

// Read returns a page of rows, and how many there are in all. What is wrong
// with the queries is an error of the "queries" parameter.
func Read[R any](ctx context.Context, tx store.Tx, t Table, p Page) (rows []R, total int, err error) {
	plan, err := Plan(t.rules(p), p.Queries)
	if err != nil {
		return nil, 0, err
	}
	where, err := t.where(plan, p)
	if err != nil {
		return nil, 0, err
	}
	if !p.NoTotal {
		if total, err = store.Count(ctx, tx, t.Name, where, MaxTotal); err != nil {
			return nil, 0, err
		}
	}
	s := sqlb.Select{From: t.Name, Where: where, Order: t.order(plan), Limit: t.limit(plan, p), Offset: int(min(plan.Offset, 1<<31))}
	if plan.Cursor.ID != "" {
		if err := t.seek(ctx, tx, plan.Cursor, p.Where, &s); err != nil {
			return nil, 0, err
		}
	}
	if rows, err = store.List[R](ctx, tx, s); err != nil {
		return nil, 0, err
	}
	if plan.Cursor.Before {
		reverse(rows)
	}
	return rows, total, nil
}

func (t Table) limit(plan query.Plan, p Page) int {
	if p.Limit > 0 && plan.Limit == query.DefaultLimit && !hasLimit(p.Queries) {
		return p.Limit
	}
	return int(min(plan.Limit, MaxTotal))
}

func hasLimit(texts []string) bool {
	queries, err := query.Parse(texts)
	if err != nil {
		return false
	}
	for _, q := range queries {
		if q.Method == query.Limit {
			return true
		}
	}
	return false
}

func (t Table) where(plan query.Plan, p Page) (sqlb.Cond, error) {
	conds := make([]sqlb.Cond, 0, len(plan.Filters)+2)
	if p.Where != nil {
		conds = append(conds, p.Where)
	}
	for _, q := range plan.Filters {
		c, err := t.filter(q)
		if err != nil {
			return nil, err
		}
		conds = append(conds, c)
	}
	if p.Search != "" && len(t.Search) > 0 {
		found := make([]sqlb.Cond, len(t.Search))
		for i, column := range t.Search {
			found[i] = sqlb.Fold(sqlb.Contains(column, p.Search))
		}
		conds = append(conds, sqlb.Or(found...))
	}
	return sqlb.And(conds...), nil
}

// order sorts by what the client asked for, and then by age, so that no two
// rows are equal.
func (t Table) order(plan query.Plan) []sqlb.Order {
	var order []sqlb.Order
	tie := false // the direction of the last key
	for i, o := range plan.Orders {
		if o.Random {
			continue
		}
		if o.Attribute == "" || o.Attribute == "$sequence" {
			return append(order, sqlb.Order{Column: "seq", Desc: o.Desc})
		}
		c := t.column(o.Attribute)
		order = append(order, sqlb.Order{Column: c.Name, Desc: o.Desc, Nullable: c.Nullable, Fold: c.Type == query.Text})
		if i == 0 && (o.Attribute == "$createdAt" || o.Attribute == "$updatedAt") {
			tie = o.Desc
		}
	}
	return append(order, sqlb.Order{Column: "seq", Desc: tie})
}

// seek begins the page behind the row that a cursor names, or before it. It is
// one of those that the client may see.
func (t Table) seek(ctx context.Context, tx store.Tx, cursor query.Cursor, visible sqlb.Cond, s *sqlb.Select) error {
	columns := make([]string, len(s.Order))
	for i, o := range s.Order {
		columns[i] = o.Column
	}
	sql, args := sqlb.Select{Columns: columns, From: t.Name, Where: sqlb.And(visible, sqlb.Eq(t.id(), cursor.ID))}.SQL(tx.Dialect())
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	if !rows.Next() {
		return errors.Join(rows.Err(), rows.Close(),
			apierr.CursorNotFound.Detail("%s '%s' for the 'cursor' value not found.", t.Resource, cursor.ID))
	}
	values := make([]any, len(columns))
	for i, o := range s.Order {
		switch {
		case rows.Null(i):
		case t.isText(o.Column):
			values[i] = string(rows.Text(i))
		default:
			values[i] = rows.Int(i)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if cursor.Before {
		s.Order = sqlb.Reverse(s.Order)
	}
	s.Where = sqlb.And(s.Where, sqlb.After(s.Order, values...))
	return nil
}

func (t Table) isText(column string) bool {
	if column == t.id() {
		return true
	}
	for _, c := range t.Columns {
		if c.Name == column {
			return c.Type == query.Text || c.Array
		}
	}
	return false
}

func reverse[T any](list []T) {
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
}

// filter is the condition of one query.
func (t Table) filter(q query.Query) (sqlb.Cond, error) {
	switch q.Method {
	case query.And, query.Or:
		conds := make([]sqlb.Cond, len(q.Queries))
		for i, child := range q.Queries {
			var err error
			if conds[i], err = t.filter(child); err != nil {
				return nil, err
			}
		}
		if q.Method == query.Or {
			return sqlb.Or(conds...), nil
		}
		return sqlb.And(conds...), nil
	}
	c := t.column(q.Attribute)
	values := make([]any, len(q.Values))
	for i, v := range q.Values {
		values[i] = argument(v)
	}
	cond := condition(q.Method, c, values)
	if cond == nil {
		return nil, api.Invalid("queries", errors.New("Invalid query: this list cannot be filtered by "+string(q.Method)))
	}
	if c.Type == query.Text {
		cond = sqlb.Fold(cond)
	}
	return cond, nil
}

// argument is a value as rows keep it.
func argument(v any) any {
	if at, ok := v.(time.Time); ok {
		return at.UnixMicro()
	}
	return v
}

package documents

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"moorfast/internal/query"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// A step is a relationship that a dotted query leads through.
type step struct {
	link   *link
	table  *Table
	within reach // what of the table the actor may read: no query tells of anything else
}

// reaching returns the table as queries see it whose attributes lie behind its
// relationships: with the rules of what is there, and the steps to it.
func (t *Table) reaching(ctx context.Context, tx store.Tx, by By, texts []string) (*Table, error) {
	if len(t.links) == 0 || !slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, ".") }) {
		return t, nil
	}
	queries, err := query.Parse(texts)
	if err != nil {
		return t, nil //nolint:nilerr // who makes a plan of the queries says what is wrong
	}
	return t.through(ctx, tx, by, dotted(nil, queries), maxDepth)
}

// dotted collects the attributes of filters that may lie behind a relationship.
func dotted(names []string, queries []query.Query) []string {
	for _, q := range queries {
		if strings.Contains(q.Attribute, ".") {
			names = append(names, q.Attribute)
		}
		names = dotted(names, q.Queries)
	}
	return names
}

func (t *Table) through(ctx context.Context, tx store.Tx, by By, names []string, depth int) (*Table, error) {
	if len(names) == 0 || depth == 0 {
		return t, nil
	}
	seen := *t
	seen.steps = map[string]*step{}
	seen.rules.Attributes = maps.Clone(t.rules.Attributes)
	for i := range t.fields {
		f := &t.fields[i]
		if f.link == nil {
			continue
		}
		behind, _ := behind(names, f.column.Key)
		if len(behind) == 0 {
			continue
		}
		s, err := t.step(ctx, tx, by, f.link, behind, depth)
		if err != nil {
			return nil, err
		}
		seen.steps[f.column.Key] = s
		for _, name := range behind {
			if a, ok := s.table.rules.Attributes[name]; ok {
				a.Nested = true
				seen.rules.Attributes[f.column.Key+"."+name] = a
			}
		}
	}
	return &seen, nil
}

func (t *Table) step(ctx context.Context, tx store.Tx, by By, l *link, names []string, depth int) (*step, error) {
	related, err := t.catalog.Table(ctx, tx, l.to)
	if err != nil {
		return nil, err
	}
	s := &step{link: l}
	if _, off := related.VisibleTo(by.Actor); off == nil {
		var refused *Error
		if s.within, err = related.readable(ctx, tx, by.Actor); err != nil && (!errors.As(err, &refused) || refused.Kind != Unauthorized) {
			return nil, err
		}
	}
	s.table, err = related.through(ctx, tx, by, names, depth-1)
	return s, err
}

// stepOf finds the relationship that an attribute lies behind, and what it is
// called there.
func (t *Table) stepOf(attribute string) (s *step, rest string) {
	if t.steps == nil {
		return nil, ""
	}
	if _, own := t.Schema.Position(attribute); own {
		return nil, ""
	}
	for key, s := range t.steps {
		if rest, ok := strings.CutPrefix(attribute, key+"."); ok {
			return s, rest
		}
	}
	return nil, ""
}

// grouped puts filters that lie behind the same relationship together: it is one
// related row that all of them hold for. The others are returned as they are.
func (t *Table) grouped(d sqlb.Dialect, queries []query.Query) (own []query.Query, conds []sqlb.Cond, err error) {
	if t.steps == nil {
		return queries, nil, nil
	}
	var order []*step
	behind := map[*step][]query.Query{}
	for _, q := range queries {
		s, rest := t.stepOf(q.Attribute)
		if s == nil {
			own = append(own, q)
			continue
		}
		if behind[s] == nil {
			order = append(order, s)
		}
		q.Attribute = rest
		behind[s] = append(behind[s], q)
	}
	for _, s := range order {
		c, err := s.holds(d, behind[s])
		if err != nil {
			return nil, nil, err
		}
		conds = append(conds, c)
	}
	return own, conds, nil
}

// holds holds for the rows that are related to one for which filters hold, and
// which the actor may read.
func (s *step) holds(d sqlb.Dialect, filters []query.Query) (sqlb.Cond, error) {
	if s.within.nothing() {
		return sqlb.Or(), nil
	}
	where, err := s.table.filters(d, filters)
	if err != nil {
		return nil, err
	}
	if acl := s.within.condition(d, s.table.name); acl != nil {
		where = sqlb.And(where, acl)
	}
	return s.link.leadsTo(where), nil
}

// leadsTo holds for rows that are related to one for which a condition holds.
func (l *link) leadsTo(where sqlb.Cond) sqlb.Cond {
	return sqlb.InSelect(seqColumn, sqlb.Select{
		Columns: []string{l.own}, From: l.name,
		Where: sqlb.InSelect(l.other, sqlb.Select{Columns: []string{seqColumn}, From: l.rows, Where: where}),
	})
}

// any holds for rows that are related to one.
func (l *link) any() sqlb.Cond {
	return sqlb.InSelect(seqColumn, sqlb.Select{Columns: []string{l.own}, From: l.name})
}

// compare is what a method means for a relationship, whose values are ids. It is
// nil where it means nothing.
func (l *link) compare(m query.Method, values []any) sqlb.Cond {
	switch m {
	case query.IsNull:
		return sqlb.Not(l.any())
	case query.IsNotNull:
		return l.any()
	case query.Equal:
		return l.leadsTo(sqlb.In(idColumn, values...))
	case query.NotEqual:
		return l.leadsTo(sqlb.Ne(idColumn, values[0]))
	}
	return nil
}

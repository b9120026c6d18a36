package listing

import (
	"encoding/json"

	"moorfast/internal/query"
	"moorfast/internal/store/sqlb"
)

// condition is what a method means for a column. It is nil where it means
// nothing.
func condition(m query.Method, c Column, values []any) sqlb.Cond {
	switch m {
	case query.IsNull, query.NotExists:
		return sqlb.IsNull(c.Name)
	case query.IsNotNull, query.Exists:
		return sqlb.NotNull(c.Name)
	}
	if len(values) == 0 {
		return nil
	}
	if c.Array {
		return member(m, c, values)
	}
	switch m {
	case query.Equal:
		return sqlb.In(c.Name, values...)
	case query.NotEqual:
		return sqlb.Ne(c.Name, values[0])
	case query.LessThan:
		return sqlb.Lt(c.Name, values[0])
	case query.LessThanEqual:
		return sqlb.Le(c.Name, values[0])
	case query.GreaterThan:
		return sqlb.Gt(c.Name, values[0])
	case query.GreaterThanEqual:
		return sqlb.Ge(c.Name, values[0])
	}
	if between := span(m, c, values); between != nil {
		return between
	}
	return text(m, c, values)
}

func span(m query.Method, c Column, values []any) sqlb.Cond {
	if len(values) < 2 {
		return nil
	}
	within := sqlb.And(sqlb.Ge(c.Name, values[0]), sqlb.Le(c.Name, values[1]))
	switch m {
	case query.Between:
		return within
	case query.NotBetween:
		return sqlb.Not(within)
	}
	return nil
}

// text looks at a part of a text. Several values are alternatives.
func text(m query.Method, c Column, values []any) sqlb.Cond {
	var part func(column, part string) sqlb.Cond
	not := false
	switch m {
	case query.Contains, query.ContainsAny, query.Search:
		part = sqlb.Contains
	case query.NotContains, query.NotSearch:
		part, not = sqlb.Contains, true
	case query.StartsWith:
		part = sqlb.StartsWith
	case query.NotStartsWith:
		part, not = sqlb.StartsWith, true
	case query.EndsWith:
		part = sqlb.EndsWith
	case query.NotEndsWith:
		part, not = sqlb.EndsWith, true
	default:
		return nil
	}
	return anyOf(values, not, func(s string) sqlb.Cond { return part(c.Name, s) })
}

// member looks for members of a list, which is kept as JSON: what is looked
// for stands there in quotes.
func member(m query.Method, c Column, values []any) sqlb.Cond {
	not := m == query.NotContains
	switch m {
	case query.Contains, query.ContainsAny, query.NotContains, query.Equal:
	case query.ContainsAll:
		conds := make([]sqlb.Cond, len(values))
		for i := range values {
			conds[i] = anyOf(values[i:i+1], false, func(s string) sqlb.Cond { return contains(c, s) })
		}
		return sqlb.And(conds...)
	default:
		return nil
	}
	return anyOf(values, not, func(s string) sqlb.Cond { return contains(c, s) })
}

func contains(c Column, s string) sqlb.Cond {
	quoted, err := json.Marshal(s)
	if err != nil {
		return sqlb.Or()
	}
	return sqlb.Contains(c.Name, string(quoted))
}

func anyOf(values []any, not bool, one func(string) sqlb.Cond) sqlb.Cond {
	conds := make([]sqlb.Cond, 0, len(values))
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			return nil
		}
		conds = append(conds, one(s))
	}
	if not {
		return sqlb.Not(sqlb.Or(conds...))
	}
	return sqlb.Or(conds...)
}

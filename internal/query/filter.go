package query

import (
	"math"
	"strconv"
	"time"

	"moorfast/internal/datetime"
)

// checkFilter tests one comparison: that its values are as many as the method
// takes, and that it can be asked of its attribute.
func (r Rules) checkFilter(q *Query) error {
	is := methods[q.Method]
	if err := checkCount(q, is.values); err != nil {
		return err
	}
	if q.Method == Exists || q.Method == NotExists {
		return r.checkExists(q)
	}
	a, err := r.attribute(q.Attribute, q.Method)
	if err != nil {
		return err
	}
	if len(q.Values) > MaxValues {
		return refuse("Query on attribute has greater than " + strconv.Itoa(MaxValues) + " values: " + q.Attribute)
	}
	switch {
	case is.spatial && a.Type != Spatial:
		return refuse(`Spatial query "` + string(q.Method) + `" cannot be applied on non-spatial attribute: ` + q.Attribute)
	case is.vector:
		return refuse(`Vector query "` + string(q.Method) + `" cannot be applied on non-vector attribute: ` + q.Attribute)
	case q.Method == ElemMatch:
		return refuse(`Cannot query elemMatch on attribute "` + q.Attribute + `" because it is not an object.`)
	case a.Virtual:
		return refuse("Cannot query on virtual relationship attribute")
	}
	for i, v := range q.Values {
		typed, ok := a.Type.convert(v)
		if !ok {
			return refuse(`Query value is invalid for attribute "` + q.Attribute + `"`)
		}
		q.Values[i] = typed
	}
	return r.checkMethod(q, a, is)
}

// checkMethod tests that the type of the attribute allows the method.
func (r Rules) checkMethod(q *Query, a Attribute, is traits) error {
	if a.Array && !is.onArray {
		return refuse("Cannot query " + string(q.Method) + ` on attribute "` + q.Attribute + `" because it is an array.`)
	}
	if a.Array {
		return nil
	}
	switch q.Method {
	case Contains, ContainsAny, ContainsAll, NotContains:
		if a.Type != Text && a.Type != Spatial {
			name := "contains"
			if q.Method == NotContains {
				name = "notContains"
			}
			return refuse("Cannot query " + name + ` on attribute "` + q.Attribute + `" because it is not an array, string, or object.`)
		}
	case Search, NotSearch:
		if !a.Fulltext {
			return refuse(`Searching by attribute "` + q.Attribute + `" requires a fulltext index.`)
		}
	case StartsWith, NotStartsWith, EndsWith, NotEndsWith, Regex:
		if a.Type != Text {
			return refuse("Cannot query " + string(q.Method) + ` on attribute "` + q.Attribute + `" because it is not a string.`)
		}
	}
	return nil
}

// checkExists tests a query whose values are the attributes it looks at.
func (r Rules) checkExists(q *Query) error {
	for _, v := range q.Values {
		name, _ := v.(string)
		if _, err := r.attribute(name, q.Method); err != nil {
			return err
		}
	}
	return nil
}

func checkCount(q *Query, want values) error {
	n := len(q.Values)
	switch want {
	case someValues:
		if list, ok := first(*q).([]any); n == 0 || ok && len(list) == 0 {
			return refuse(sentence(q.Method) + " queries require at least one value.")
		}
	case oneValue:
		if n != 1 {
			return refuse(sentence(q.Method) + " queries require exactly one value.")
		}
	case twoValues:
		if n != 2 {
			return refuse(sentence(q.Method) + " queries require exactly two values.")
		}
	case distance:
		if list, _ := first(*q).([]any); n != 1 || len(list) != 3 {
			return refuse("Distance query requires [[geometry, distance]] parameters")
		}
	}
	return nil
}

// convert gives a value the type of an attribute. Nothing is guessed: the text
// "1" is no integer. A null is no value either; there is a method to ask for it.
func (t Type) convert(v any) (any, bool) {
	switch t {
	case Text, Relationship:
		s, ok := v.(string)
		return s, ok
	case Integer:
		n, ok := v.(int64)
		return n, ok
	case Float:
		if n, ok := v.(int64); ok {
			return float64(n), true
		}
		f, ok := v.(float64)
		return f, ok && !math.IsInf(f, 0)
	case Boolean:
		b, ok := v.(bool)
		return b, ok
	case Datetime:
		return convertTime(v)
	case Sequence:
		if s, ok := v.(string); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			return n, err == nil && n > 0
		}
		n, ok := v.(int64)
		return n, ok && n > 0
	case Spatial:
		list, ok := v.([]any)
		return list, ok
	}
	return nil, false
}

func convertTime(v any) (any, bool) {
	if t, ok := v.(time.Time); ok {
		return t, true
	}
	s, _ := v.(string)
	t, ok := datetime.Parse(s)
	return t, ok
}

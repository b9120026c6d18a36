package documents

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/datetime"
	"moorfast/internal/rawjson"
	"moorfast/internal/schema"
)

// arithmetic changes a number. A null counts as 0. A second value is a bound
// that the result stays within, above for what grows, below for what shrinks.
func (op operator) arithmetic(o *subject) ([]byte, string) {
	c := o.column
	if c.Array || c.Type != schema.Integer && c.Type != schema.BigInt && c.Type != schema.Float {
		return nil, op.wrong(o, "numeric")
	}
	by, ok := op.number(0)
	if !ok {
		return nil, op.cannot("value must be numeric")
	}
	var bound *Number
	if len(op.values) > 1 && rawjson.KindOf(op.values[1]) != rawjson.Null && op.method != "modulo" {
		limit, ok := op.number(1)
		if !ok {
			return nil, op.cannot("max/min limit must be numeric")
		}
		bound = &limit
	}
	if by.Float == 0 && (op.method == "divide" || op.method == "modulo") {
		return nil, op.cannot("division by zero")
	}
	now := Number{Whole: c.Type != schema.Float}
	if !o.null() {
		now, _ = ParseNumber(o.now)
	}
	if c.Type == schema.Float {
		return op.float(c, now.Float, by.Float, bound)
	}
	return op.integer(c, now, by, bound)
}

// float computes with fractions.
func (op operator) float(c *schema.Column, now, by float64, bound *Number) ([]byte, string) {
	next := op.compute(now, by)
	if bound != nil {
		next = op.clamp(next, bound.Float)
	}
	switch {
	case math.IsNaN(next):
		return nil, op.cannot("the result is not a number")
	case next > c.Floats.Max:
		return nil, op.cannot("would overflow maximum value of " + string(rawjson.AppendFloat(nil, c.Floats.Max)))
	case next < c.Floats.Min:
		return nil, op.cannot("would underflow minimum value of " + string(rawjson.AppendFloat(nil, c.Floats.Min)))
	}
	return rawjson.AppendFloat(nil, next), ""
}

func (op operator) compute(now, by float64) float64 {
	switch op.method {
	case "increment":
		return now + by
	case "decrement":
		return now - by
	case "multiply":
		return now * by
	case "divide":
		return now / by
	case "modulo":
		return math.Mod(now, by)
	}
	return math.Pow(now, by)
}

func (op operator) clamp(n, bound float64) float64 {
	switch op.method {
	case "decrement", "divide":
		return math.Max(n, bound)
	}
	return math.Min(n, bound)
}

// integer computes with whole numbers exactly. What has a fraction is rounded to
// the nearest whole number, away from zero in the middle, as databases do.
func (op operator) integer(c *schema.Column, now, by Number, bound *Number) ([]byte, string) {
	next, exact := op.exact(now, by)
	if !exact {
		f := op.compute(now.Float, by.Float)
		if bound != nil {
			f = op.clamp(f, bound.Float)
		}
		if math.IsNaN(f) {
			return nil, op.cannot("the result is not a number")
		}
		next = rounded(f)
	}
	if bound != nil {
		limit := big.NewInt(bound.Int)
		if !bound.Whole {
			limit = rounded(bound.Float)
		}
		down := op.method == "decrement" || op.method == "divide"
		if cmp := next.Cmp(limit); cmp > 0 && !down || cmp < 0 && down {
			next = limit
		}
	}
	least, most := c.Ints.Min, c.Ints.Max
	if c.Type == schema.Integer && most <= math.MaxInt32 {
		least = max(least, math.MinInt32)
	}
	switch {
	case next.Cmp(big.NewInt(most)) > 0:
		return nil, op.cannot("would overflow maximum value of " + strconv.FormatInt(most, 10))
	case next.Cmp(big.NewInt(least)) < 0:
		return nil, op.cannot("would underflow minimum value of " + strconv.FormatInt(least, 10))
	}
	return next.Append(nil, 10), ""
}

// rounded is the whole number nearest to f. Beyond all integers it does not
// matter which.
func rounded(f float64) *big.Int {
	const beyond = 1e30
	n, _ := big.NewFloat(math.Round(max(-beyond, min(beyond, f)))).Int(nil)
	return n
}

// exact computes where both numbers are whole, and so is the way to the result.
func (op operator) exact(now, by Number) (*big.Int, bool) {
	if !now.Whole || !by.Whole {
		return nil, false
	}
	a, b, n := big.NewInt(now.Int), big.NewInt(by.Int), new(big.Int)
	switch op.method {
	case "increment":
		return n.Add(a, b), true
	case "decrement":
		return n.Sub(a, b), true
	case "multiply":
		return n.Mul(a, b), true
	case "modulo":
		return n.Rem(a, b), true
	case "divide":
		return quotient(a, b), true
	}
	if by.Int < 0 {
		return nil, false
	}
	return power(now.Int, by.Int), true
}

// quotient divides and rounds.
func quotient(a, b *big.Int) *big.Int {
	sign := int64(a.Sign() * b.Sign())
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Lsh(r, 1).CmpAbs(b) >= 0 {
		q.Add(q, big.NewInt(sign))
	}
	return q
}

// power is exact as far as integers go, and too large for them beyond.
func power(base, exponent int64) *big.Int {
	if base < -1 || base > 1 {
		exponent = min(exponent, 64+exponent%2)
	} else if exponent > 1 {
		exponent = 2 + exponent%2
	}
	return new(big.Int).Exp(big.NewInt(base), big.NewInt(exponent), nil)
}

func (op operator) concat(o *subject) ([]byte, string) {
	if !o.column.Type.IsText() || o.column.Array {
		return nil, op.wrong(o, "string")
	}
	more, ok := op.text(0)
	if !ok || len(op.values) != 1 {
		return nil, op.cannot("requires a string value")
	}
	now, _ := rawjson.Text(o.now)
	return rawjson.AppendString(nil, now+more), ""
}

func (op operator) replace(o *subject) ([]byte, string) {
	if !o.column.Type.IsText() || o.column.Array {
		return nil, op.wrong(o, "string")
	}
	search, ok := op.text(0)
	replace, ok2 := op.text(1)
	if !ok || !ok2 || len(op.values) != 2 {
		return nil, op.cannot("requires exactly 2 string values")
	}
	now, _ := rawjson.Text(o.now)
	if search == "" || o.null() {
		return o.now, ""
	}
	if grown := strings.Count(now, search) * (len(replace) - len(search)); int64(len(now)+grown) > 4*o.column.Size {
		return nil, op.cannot("would exceed maximum length of " + strconv.FormatInt(o.column.Size, 10) + " characters")
	}
	return rawjson.AppendString(nil, strings.ReplaceAll(now, search, replace)), ""
}

// toggle turns a boolean around. A null counts as false.
func (op operator) toggle(o *subject) ([]byte, string) {
	if o.column.Type != schema.Boolean || o.column.Array {
		return nil, op.wrong(o, "boolean")
	}
	now, _ := rawjson.Boolean(o.now)
	return strconv.AppendBool(nil, !now), ""
}

// addDays moves a moment by whole days of 24 hours. A null stays one.
func (op operator) addDays(o *subject) ([]byte, string) {
	if o.column.Type != schema.Datetime || o.column.Array {
		return nil, op.wrong(o, "datetime")
	}
	days, ok := op.whole(0)
	if !ok || len(op.values) != 1 {
		return nil, op.cannot("requires an integer number of days")
	}
	if op.method == "dateSubDays" {
		days = -days
	}
	if o.null() {
		return o.now, ""
	}
	text, _ := rawjson.Text(o.now)
	now, ok := datetime.Parse(text)
	const ages = 4_000_000 // days, more than there are between the first year and the last
	if days > ages || days < -ages || !ok {
		return nil, op.cannot("the date would be out of range")
	}
	return op.date(now.AddDate(0, 0, int(days)).UnixMilli())
}

// date writes a moment of the years that columns can have.
func (op operator) date(milli int64) ([]byte, string) {
	if year := time.UnixMilli(milli).UTC().Year(); year < 1 || year > 9999 {
		return nil, op.cannot("the date would be out of range")
	}
	return append(datetime.Append([]byte{'"'}, milli), '"'), ""
}

func (op operator) setNow(o *subject) ([]byte, string) {
	if o.column.Type != schema.Datetime || o.column.Array {
		return nil, op.wrong(o, "datetime")
	}
	return op.date(o.at)
}

package documents

import "moorfast/internal/spatial"

// A made is a row that was just written, as the statements about rows read it:
// what the store was given is what it returns, so it is not asked.
type made []any

func (m made) field(v any) made {
	switch of := v.(type) {
	case spatial.Shape:
		v = of.Text
	case hashed:
		v = of.sealed
	}
	return append(m, v)
}

// Next, Err and Close make it the rows of a statement, of which there is one.
func (m made) Next() bool   { return false }
func (m made) Err() error   { return nil }
func (m made) Close() error { return nil }

func (m made) Null(i int) bool { return m[i] == nil }

func (m made) Int(i int) int64 {
	n, _ := m[i].(int64)
	return n
}

func (m made) Float(i int) float64 {
	f, _ := m[i].(float64)
	return f
}

func (m made) Text(i int) []byte {
	s, _ := m[i].(string)
	return []byte(s)
}

func (m made) Blob(i int) []byte { return m.Text(i) }

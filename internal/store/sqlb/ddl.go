package sqlb

import "strings"

// Statements takes a script apart that makes tables: its types are written as
// $serial, $text, $int, $real and $blob, and each statement ends with ";" at the
// end of a line.
func (d Dialect) Statements(script string) []string {
	typed := strings.NewReplacer("$serial", d.Serial(), "$text", d.Text(), "$int", d.Int(), "$real", d.Real(), "$blob", d.Blob()).Replace(script)
	var list []string
	for statement := range strings.SplitSeq(typed, ";\n") {
		if s := strings.TrimSpace(statement); s != "" {
			list = append(list, s)
		}
	}
	return list
}

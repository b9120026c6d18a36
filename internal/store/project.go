package store

import "fmt"

// CheckProject refuses what is not a project id: 1 to 36 of a-z, 0-9 and "-",
// the first not a "-". Engines make file and schema names of these, so nothing
// else may pass.
func CheckProject(id string) error {
	ok := len(id) >= 1 && len(id) <= 36 && id[0] != '-'
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
	}
	if !ok {
		return fmt.Errorf("store: %q is not a project id", id)
	}
	return nil
}

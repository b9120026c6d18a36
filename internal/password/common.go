package password

import (
	_ "embed"
	"strings"
	"sync"
)

// commonList holds the entries of SecLists' "10 million password list, top
// 10,000" that are long enough to be a password here (MIT; common.LICENSE).
//
//go:embed common.txt
var commonList string

var common = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool)
	for word := range strings.Lines(commonList) {
		set[strings.TrimSuffix(word, "\n")] = true
	}
	return set
})

package email

import (
	_ "embed"
	"strings"
	"sync"
)

// The lists are ours: providers that are known to many. They are no substitute
// for a service that follows new ones.
var (
	//go:embed free.txt
	freeList string
	//go:embed disposable.txt
	disposableList string

	free       = sync.OnceValue(func() map[string]bool { return domains(freeList) })
	disposable = sync.OnceValue(func() map[string]bool { return domains(disposableList) })
)

func domains(list string) map[string]bool {
	set := make(map[string]bool)
	for _, d := range strings.Fields(list) {
		set[d] = true
	}
	return set
}

// isDisposable also knows the subdomains of a provider, which some hand out.
func isDisposable(domain string) bool {
	for domain != "" {
		if disposable()[domain] {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

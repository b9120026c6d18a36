package doctor

import (
	"fmt"
	"strings"
)

// Facts are what the database says of the whole installation: counts, and the
// names of what an operator has to look at. None of them is a secret.
type Facts struct {
	Owners           int      // of organizations
	OwnersWithoutMFA []string // their ids
	StaleOwners      []string // who were not seen for 90 days

	AnyPlatform  []string // projects that a page of any host may use
	Patterns     []string // of hosts that are platforms, as "project/*.example.org"
	Mocked       []string // projects with phone numbers whose code is always the same
	WeakPolicies []string // projects whose passwords need 8 chars, and no more
	ForeignHash  int      // users whose password is kept as it was imported

	KeysForever []string // API keys without an end, as "project/key"
	KeysUnused  []string // that were not used for 90 days
	KeysWide    []string // that may do everything

	OpenTables       []string // that anybody may change, as "project/database/table"
	OpenBuckets      []string // that anybody may change, as "project/bucket"
	PublicBuckets    []string // that anybody may read
	UnsealedBuckets  []string
	UnscannedBuckets []string

	PlainWebhooks []string // whose certificate is not asked for, as "project/webhook"

	Legacy []string // columns with seals of Appwrite, as "project/table.column"

	Damaged  []string // databases that are not intact
	LogBytes int64    // of the longest write-ahead log; 0 where there is none
}

// some is a list as evidence: how many, and the first.
func some(list []string, what string) string {
	if len(list) == 1 {
		return "1 " + what + ": " + list[0]
	}
	shown := list[:min(len(list), 3)]
	text := fmt.Sprintf("%d %ss: %s", len(list), what, strings.Join(shown, ", "))
	if len(list) > len(shown) {
		text += ", …"
	}
	return text
}

// none makes a check of a list that ought to be empty.
func none(list func(*Facts) []string, what, fix, fine string) runner {
	return facts(func(_ *Subject, f *Facts) outcome {
		if found := list(f); len(found) > 0 {
			return fail(fix, "%s", some(found, what))
		}
		return pass("%s", fine)
	})
}

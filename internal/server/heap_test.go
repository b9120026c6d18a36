package server

import "testing"

func TestGCPercent(t *testing.T) {
	for _, test := range []struct {
		live uint64
		want int
	}{
		{0, 1000},
		{1 << 20, 1000},
		{8 << 20, 600},
		{24 << 20, 200},
		{48 << 20, 100},
		{4 << 30, 100},
	} {
		if got := gcPercent(test.live); got != test.want {
			t.Errorf("gcPercent(%d MB) = %d, want %d", test.live>>20, got, test.want)
		}
	}
}

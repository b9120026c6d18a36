package server_test

import (
	"flag"
	"math"
	"slices"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

var timing = flag.Int("timing", 0, "measure this many wrong sign-ins of each kind; 2000 take some minutes on a quiet machine")

// TestTheTimeOfAnAnswerTellsNotWhetherThereIsAUser compares wrong passwords of a
// user, of nobody, and of a user with an imported hash, by the test of Kolmogorov
// and Smirnov (P-3).
func TestTheTimeOfAnAnswerTellsNotWhetherThereIsAUser(t *testing.T) {
	if *timing == 0 {
		t.Skip("set -timing to measure")
	}
	s := servertest.New(t, "MOORFAST_DANGEROUS_NO_BRUTE_FORCE=1")
	p := s.Found()
	p.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.com", "password": right})
	p.Key.Must("POST", "/users/md5", servertest.M{"userId": "jesse", "email": "jesse@example.com", "password": "144fa7eaa4904e8ee120651997f70dcc"})
	took := map[string][]float64{}
	for range *timing {
		for _, who := range []string{"walter@example.com", "nobody@example.com", "jesse@example.com"} {
			began := time.Now()
			p.Guest.Refused("POST", signIn, login(who, wrong), 401, "user_invalid_credentials")
			took[who] = append(took[who], float64(time.Since(began))/float64(time.Millisecond))
		}
	}
	for who := range took {
		slices.Sort(took[who])
	}
	known := took["walter@example.com"]
	for _, who := range []string{"nobody@example.com", "jesse@example.com"} {
		apart := math.Abs(known[len(known)/2] - took[who][len(known)/2])
		d := distance(known, took[who])
		limit := 1.63 * math.Sqrt(2/float64(*timing)) // p = 0.01
		t.Logf("%s: medians %.2f ms apart, D = %.4f of %.4f", who, apart, d, limit)
		if apart > 5 || d > limit {
			t.Errorf("%s can be told from a user", who)
		}
	}
}

// distance is the largest difference of two distributions, whose samples are
// sorted.
func distance(a, b []float64) (d float64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if a[i] <= b[j] {
			i++
		} else {
			j++
		}
		d = max(d, math.Abs(float64(i)/float64(len(a))-float64(j)/float64(len(b))))
	}
	return d
}

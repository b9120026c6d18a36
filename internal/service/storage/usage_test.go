package storage_test

import (
	"testing"
	"time"

	"moorfast/internal/server/servertest"
)

func TestUsage(t *testing.T) {
	s, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "old"}, servertest.File{Name: "old.txt", Content: []byte("old")})
	s.Clock.Advance(3 * 24 * time.Hour)
	app.Guest.Sent(list, M{"fileId": "new"}, servertest.File{Name: "new.txt", Content: []byte("new")})
	app.Guest.Must("GET", list+"/new/preview", nil)
	app.Guest.Must("GET", list+"/new/preview", nil) // from the cache
	all := app.Key.Must("GET", "/storage/usage?range=7d", nil)
	points := all.JSON["files"].([]any)
	if all.Text("bucketsTotal") != "1" || all.Text("filesTotal") != "2" || len(points) != 7 {
		t.Errorf("usage: %s", all.Body)
	}
	for i, want := range []float64{0, 0, 0, 1, 1, 1, 2} {
		if got := points[i].(map[string]any)["value"]; got != want {
			t.Errorf("day %d: %v files, want %v", i, got, want)
		}
	}
	one := app.Key.Must("GET", "/storage/pics/usage?range=24h", nil)
	if one.Text("filesTotal") != "2" || one.Text("imageTransformationsTotal") != "1" || len(one.JSON["storage"].([]any)) != 24 {
		t.Errorf("usage of the bucket: %s", one.Body)
	}
	app.Key.Refused("GET", "/storage/none/usage", nil, 404, "storage_bucket_not_found")
	app.Key.Refused("GET", "/storage/usage?range=1y", nil, 400, "general_argument_invalid")
	app.Guest.Refused("GET", "/storage/usage", nil, 401, "general_unauthorized_scope")
}

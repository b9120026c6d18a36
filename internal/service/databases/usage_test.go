package databases_test

import (
	"testing"
	"time"

	"moorfast/internal/apierr"
)

func TestUsageCountsWhatIsThereStill(t *testing.T) {
	inBoth(t, func(t *testing.T, w tongue) {
		b := newBench(t)
		s := b.films(w)
		row := M{w.row + "Id": "old", "data": M{"title": "1234567890"}}
		s.must("POST", w.rows(), row)
		b.now = b.now.Add(3*24*time.Hour + time.Hour)
		row[w.row+"Id"] = "new"
		s.must("POST", w.rows(), row)
		s.must("POST", w.rows(), M{w.row + "Id": "gone", "data": M{"title": "x"}})
		s.must("DELETE", w.rows()+"/gone", nil)
		s.must("POST", w.root, M{"databaseId": "other", "name": "Other"})

		rows := []float64{0, 0, 0, 1, 1, 1, 2}
		for _, c := range []struct {
			path   string
			totals M
			points map[string][]float64
		}{
			{
				w.root + "/usage",
				M{"databasesTotal": 2.0, "tablesTotal": 1.0, "collectionsTotal": 1.0, "rowsTotal": 2.0, "documentsTotal": 2.0, "storageTotal": 2 * 53.0},
				map[string][]float64{"databases": {0, 0, 0, 1, 1, 1, 2}, "tables": {0, 0, 0, 1, 1, 1, 1}, "rows": rows, "storage": {0, 0, 0, 53, 53, 53, 106}, "databasesReads": {0, 0, 0, 0, 0, 0, 0}},
			},
			{w.root + "/main/usage", M{"tablesTotal": 1.0, "rowsTotal": 2.0, "databaseWritesTotal": 0.0}, map[string][]float64{"documents": rows, "collections": {0, 0, 0, 1, 1, 1, 1}}},
			{w.root + "/other/usage", M{"tablesTotal": 0.0, "rowsTotal": 0.0}, map[string][]float64{"rows": make([]float64, 7)}},
			{w.tables() + "/films/usage", M{w.row + "sTotal": 2.0}, map[string][]float64{w.row + "s": rows}},
		} {
			got := s.must("GET", c.path, M{"range": "7d"})
			if got["range"] != "7d" {
				t.Errorf("%s: range %v", c.path, got["range"])
			}
			for name, want := range c.totals {
				if got[name] != want {
					t.Errorf("%s: %s is %v, want %v", c.path, name, got[name], want)
				}
			}
			for name, want := range c.points {
				points, _ := got[name].([]any)
				if len(points) != len(want) {
					t.Fatalf("%s: %s has %d points", c.path, name, len(points))
				}
				for i := range want {
					if v := points[i].(M)["value"]; v != want[i] {
						t.Errorf("%s: %s %d is %v, want %v", c.path, name, i, v, want[i])
					}
				}
			}
		}
		last := s.must("GET", w.root+"/usage", M{"range": "24h"})["rows"].([]any)
		if len(last) != 24 || last[23].(M)["date"] != "2026-11-26T11:00:00.000+00:00" {
			t.Errorf("a day: %v", last)
		}
		s.refused("GET", w.root+"/none/usage", nil, apierr.DatabaseNotFound)
		s.refused("GET", w.root+"/usage", M{"range": "1y"}, apierr.ArgumentInvalid)
	})
}

package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
)

func fields(list []api.Field) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s=%s ", f.Name, f.Raw)
	}
	return strings.TrimSpace(b.String())
}

func TestParseForm(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"", ""},
		{"a=1&b=x+y", `a="1" b="x y"`},
		{"a=1&a=2", `a="2"`},
		{"queries[]=a&queries[]=b", `queries=["a","b"]`},
		{"queries[0]=a&queries[1]=b", `queries=["a","b"]`},
		{"queries[1]=b&queries[0]=a", `queries={"1":"b","0":"a"}`},
		{"queries%5B0%5D=%7B%22method%22%3A%22limit%22%7D", `queries=["{\"method\":\"limit\"}"]`},
		{"data[name]=ada&data[tags][]=x&data[tags][]=y", `data={"name":"ada","tags":["x","y"]}`},
		{"a[b=1", `a="1"`},
		{"a", `a=""`},
		{"a=%F0%9F%98%80", `a="😀"`},
	} {
		got, err := parseForm(test.query)
		if err != nil || fields(got) != test.want {
			t.Errorf("parseForm(%q)\ngot  %s, %v\nwant %s", test.query, fields(got), err, test.want)
		}
	}
}

func TestParseFormRefuses(t *testing.T) {
	for _, test := range []struct {
		query string
		want  error
	}{
		{"a=%zz", errForm},
		{"a" + strings.Repeat("[b]", maxNest+1) + "=1", errNest},
		{strings.Repeat("a=1&", maxPairs+1), errPairs},
	} {
		if _, err := parseForm(test.query); !errors.Is(err, test.want) {
			t.Errorf("parseForm(%.30q) = %v, want %v", test.query, err, test.want)
		}
	}
}

// FuzzParseForm: whatever was accepted is strict JSON.
func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"a=1", "q[]=1&q[2]=x", "a[b][c]=d", "%5B=%5D", "a[]=%ff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		list, err := parseForm(query)
		if err != nil {
			return
		}
		for _, field := range list {
			if err := api.StrictJSON(field.Raw); err != nil {
				t.Errorf("parseForm(%q): %s=%s is %v", query, field.Name, field.Raw, err)
			}
		}
	})
}

func request(method, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, "/v1/x?q=1", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

func TestValues(t *testing.T) {
	multipart := "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nada\r\n--b--\r\n"
	for _, test := range []struct{ name, method, contentType, body, want string }{
		{"a query", "GET", "", "", `q="1"`},
		{"a body hides the query", "POST", "application/json", `{"a":1}`, `a=1`},
		{"a charset", "POST", "application/json; charset=utf-8", `{"a":1}`, `a=1`},
		{"a form", "POST", "application/x-www-form-urlencoded", "a=1&b[]=2", `a="1" b=["2"]`},
		{"a multipart form", "POST", "multipart/form-data; boundary=b", multipart, `name="ada"`},
		{"no object is no parameters", "POST", "application/json", `[1]`, ``},
		{"no JSON is no parameters", "POST", "application/json", `{`, ``},
		{"no body", "DELETE", "application/json", ``, ``},
	} {
		v, err := valuesOf(request(test.method, test.contentType, test.body))
		if err != nil || fields(v.Fields) != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.name, fields(v.Fields), err, test.want)
		}
	}
}

func TestValuesRefuses(t *testing.T) {
	big := request("POST", "application/json", strings.Repeat(" ", MaxBody+1))
	unsized := request("POST", "application/json", strings.Repeat(" ", MaxBody+1))
	unsized.ContentLength = -1
	for _, test := range []struct {
		name string
		r    *http.Request
		code int
		want string
	}{
		{"duplicate fields", request("POST", "application/json", `{"a":1,"a":2}`), 400, "two fields of one name"},
		{"deep", request("POST", "application/json", `{"a":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`}`), 400, "deeper than 64"},
		{"not UTF-8", request("POST", "application/json", "{\"a\":\"\xff\"}"), 400, "UTF-8"},
		{"too large", big, 413, "larger than 12,582,912 bytes"},
		{"too large, and silent about it", unsized, 413, "larger than 12,582,912 bytes"},
	} {
		_, err := valuesOf(test.r)
		if e := apierr.From(err); e.Status != test.code || !strings.Contains(e.Message, test.want) {
			t.Errorf("%s: got %v, want %d %s", test.name, err, test.code, test.want)
		}
	}
}

func valuesOf(r *http.Request) (*api.Values, error) {
	return (&exchange{r: r, endpoint: &api.Endpoint{}}).values()
}

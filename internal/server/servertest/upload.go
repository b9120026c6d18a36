package servertest

import (
	"bytes"
	"fmt"
	"mime/multipart"
)

// File is a file to upload, or a part of one.
type File struct {
	Name    string
	Content []byte
	Start   int // of the part
	Total   int // of the file; 0 sends the whole file
}

// Upload sends a file to a path as a form with fields: after the file, as the
// SDKs do, but for the "fileId".
func (c *Client) Upload(path string, fields M, f File) Answer {
	c.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	write := func(name string, value any) {
		if list, ok := value.([]string); ok {
			for _, v := range list {
				c.check(w.WriteField(name+"[]", v))
			}
			return
		}
		c.check(w.WriteField(name, fmt.Sprint(value)))
	}
	if id, ok := fields["fileId"]; ok {
		write("fileId", id)
	}
	part, err := w.CreateFormFile("file", f.Name)
	c.check(err)
	_, err = part.Write(f.Content)
	c.check(err)
	for name, value := range fields {
		if name != "fileId" {
			write(name, value)
		}
	}
	c.check(w.Close())
	headers := []string{"Content-Type", w.FormDataContentType()}
	if f.Total > 0 {
		headers = append(headers, "Content-Range", fmt.Sprintf("bytes %d-%d/%d", f.Start, f.Start+len(f.Content)-1, f.Total))
	}
	return c.With(headers...).Do("POST", path, body.String())
}

// Sent is Upload for a file that has to be taken.
func (c *Client) Sent(path string, fields M, f File) Answer {
	c.s.t.Helper()
	a := c.Upload(path, fields, f)
	if a.Status != 201 {
		c.s.t.Fatalf("upload to %s: %d %s", path, a.Status, a.Body)
	}
	return a
}

func (c *Client) check(err error) {
	c.s.t.Helper()
	if err != nil {
		c.s.t.Fatal(err)
	}
}

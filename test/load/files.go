package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

var fileSize = flag.Int64("gib", 5, "GiB of the large file; 0 leaves it out")

const (
	bucketFiles = "/storage/buckets/load/files"
	partSize    = 5 << 20
	uploads     = 8 // parts on their way at once, as the web SDK sends them
)

// measureFiles prints what files cost.
func measureFiles(ctx context.Context, a *app, s *process) error {
	if err := a.makeBucket(); err != nil {
		return err
	}
	fmt.Printf("\n%-34s %10s %10s %12s %10s\n", "files, sealed", "p50 ms", "p99 ms", "CPU ms/op", "budget")
	photo, err := picture(1920, 1080)
	if err != nil {
		return err
	}
	if err := a.upload("photo", "photo.jpg", photo, 0, 0); err != nil {
		return err
	}
	var n atomic.Int64
	preview := func(output string, width func() int64) func(int, int) error {
		return func(int, int) error {
			_, err := a.read(bucketFiles+fmt.Sprintf("/photo/preview?output=%s&width=%d", output, width()), "")
			return err
		}
	}
	fresh := func() int64 { return 400 + n.Add(1)%3000 }
	one := func() int64 { return 399 }
	for _, c := range []struct {
		what   string
		conns  int
		budget float64 // ms of CPU
		op     func(int, int) error
	}{
		{"upload of 100 KiB", 16, 0, a.uploadSmall},
		{"1920×1080 JPEG to 400 px and more, JPEG", 2, 120, preview("jpg", fresh)},
		{"the same, WebP", 2, 250, preview("webp", fresh)},
		{"a preview from the cache", 16, 1, preview("jpg", one)},
	} {
		r, err := measure(ctx, s, c.conns, c.op)
		if err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		printRow(c.what, r, c.budget)
	}
	if *fileSize == 0 {
		return nil
	}
	return a.large(ctx, s, *fileSize<<30)
}

func printRow(what string, r result, budget float64) {
	text := ""
	if budget > 0 {
		if text = fmt.Sprintf("%.0f", budget); r.cpu/1000 > budget {
			text += " MISS"
		}
	}
	fmt.Printf("%-34s %10.2f %10.2f %12.2f %10s\n", what, r.p50, r.p99, r.cpu/1000, text)
}

// large sends a file in parts, reads it at random places, and whole.
func (a *app) large(ctx context.Context, s *process, size int64) error {
	before, cpu, begin := s.memory(), s.cpu(), time.Now()
	stop := make(chan struct{})
	var peak atomic.Int64
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				if m := s.memory(); m > peak.Load() {
					peak.Store(m)
				}
			}
		}
	})
	err := a.uploadParts("large", size)
	if err != nil {
		return err
	}
	mb := float64(size) / 1e6
	fmt.Printf("\n%d GiB up, %d parts at once: %.0f MB/s, %.0f MB for a second of server CPU\n", size>>30, uploads, mb/time.Since(begin).Seconds(), mb/(s.cpu()-cpu).Seconds())

	var at atomic.Int64
	r, err := measure(ctx, s, 1, func(int, int) error {
		from := rand.Int64N(size - 64<<10)
		n, err := a.read(bucketFiles+"/large/view", fmt.Sprintf("bytes=%d-%d", from, from+64<<10-1))
		at.Add(n)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("64 KiB of it at any offset: p50 %.2f ms, p99 %.2f ms (budget 2)\n", r.p50, r.p99)

	cpu, begin = s.cpu(), time.Now()
	n, err := a.read(bucketFiles+"/large/download", "")
	if err != nil || n != size {
		return errors.Join(err, fmt.Errorf("%d of %d bytes came back", n, size))
	}
	close(stop)
	watching.Wait()
	fmt.Printf("%d GiB down: %.0f MB/s, %.0f MB for a second of server CPU (budget 500)\n", size>>30, mb/time.Since(begin).Seconds(), mb/(s.cpu()-cpu).Seconds())
	fmt.Printf("memory: %d MB before, %d MB at most (budget 64 more)\n", before>>20, peak.Load()>>20)
	return nil
}

// uploadParts sends the first part, and then some at a time.
func (a *app) uploadParts(id string, size int64) error {
	part := func(i int64) error {
		b := make([]byte, min(partSize, size-i*partSize))
		fill(b, uint64(i))
		return a.upload(id, "large.bin", b, i*partSize, size)
	}
	if err := part(0); err != nil {
		return err
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, uploads)
	for range uploads {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i*partSize >= size {
					return
				}
				if err := part(i); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func (a *app) makeBucket() error {
	_, err := a.do("POST", "/storage/buckets", map[string]any{
		"bucketId": "load", "name": "Load", "maximumFileSize": 6 << 30, "permissions": []string{`create("users")`, `read("users")`},
	}, a.admin)
	return err
}

// small is a file of 100 KiB.
var small = sync.OnceValue(func() []byte {
	b := make([]byte, 100<<10)
	fill(b, 1)
	return b
})

func (a *app) uploadSmall(int, int) error { return a.upload("unique()", "small.bin", small(), 0, 0) }

// form is a request that sends a file and another field.
func (a *app) form(path, field, value, name string, content []byte) (*http.Request, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField(field, value); err != nil {
		return nil, err
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(a.ctx, http.MethodPost, a.server.endpoint+path, &body)
	if err == nil {
		r.Header.Set("Content-Type", w.FormDataContentType())
	}
	return r, err
}

// upload sends a file, or a part of one.
func (a *app) upload(id, name string, content []byte, start, total int64) error {
	r, err := a.form(bucketFiles, "fileId", id, name, content)
	if err != nil {
		return err
	}
	if total > 0 {
		r.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+int64(len(content))-1, total))
		if start > 0 {
			r.Header.Set("X-Appwrite-ID", id)
		}
	}
	_, err = a.send(r, a.headers)
	return err
}

// read returns how many bytes an answer has.
func (a *app) read(path, span string) (int64, error) {
	r, err := http.NewRequestWithContext(a.ctx, http.MethodGet, a.server.endpoint+path, nil)
	if err != nil {
		return 0, err
	}
	if span != "" {
		r.Header.Set("Range", span)
	}
	return a.send(r, a.headers)
}

func (a *app) send(r *http.Request, headers map[string]string) (int64, error) {
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	response, err := a.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		answer, _ := io.ReadAll(response.Body)
		return 0, fmt.Errorf("%s %s: %d %s", r.Method, r.URL.Path, response.StatusCode, answer)
	}
	return io.Copy(io.Discard, response.Body)
}

// fill makes bytes that do not compress.
func fill(b []byte, seed uint64) {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	rand.NewChaCha8(key).Read(b) //nolint:errcheck // it has no end
}

// picture is a JPEG with something to see in it.
func picture(width, height int) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{uint8(x * y >> 6), uint8(x ^ y), uint8(x + y), 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}

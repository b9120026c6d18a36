package image

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"moorfast/internal/image/codec"
)

// pngBomb is a PNG of zeros, in bytes that are few.
func pngBomb(width, height int, whole bool) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	put := func(name string, body []byte) {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(body))))
		named := append([]byte(name), body...)
		b.Write(named)
		b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(named)))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(width)), uint32(height))
	put("IHDR", append(head, 8, 6, 0, 0, 0))
	var data bytes.Buffer
	z := zlib.NewWriter(&data)
	if whole {
		row := make([]byte, 1+4*width)
		for range height {
			z.Write(row)
		}
	}
	z.Close()
	put("IDAT", data.Bytes())
	put("IEND", nil)
	return b.Bytes()
}

func gifBomb(frames, width, height int) []byte {
	b := []byte("GIF89a\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	binary.LittleEndian.PutUint16(b[6:], uint16(width))
	binary.LittleEndian.PutUint16(b[8:], uint16(height))
	for range frames {
		b = append(b, ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"...)
	}
	return append(b, ';')
}

func riff(chunks ...[]byte) []byte {
	return chunk("RIFF", append([]byte("WEBP"), bytes.Join(chunks, nil)...))
}

func TestBombsDoNotGoOff(t *testing.T) {
	p := pool()
	encodeAs := func(f Format) []byte {
		out, err := p.Encode(t.Context(), corners(64, 64), f, 80)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	avif := encodeAs(AVIF)
	if _, err := codec.DecodeAVIF(t.Context(), avif, 1e6); err != nil { // compiled before memory is counted
		t.Fatal(err)
	}
	codec.DecodeHEIC(t.Context(), []byte("x"), 1e6)
	// patched returns a file in which each place of a text holds another.
	patched := func(src []byte, old, new string) []byte {
		out := bytes.ReplaceAll(src, []byte(old), []byte(new))
		if bytes.Equal(src, out) {
			t.Fatalf("%q is not in the file", old)
		}
		return out
	}
	webp := encodeAs(WebP)
	vp8x := func(flags byte, w, h uint32) []byte {
		b := make([]byte, 10)
		b[0], b[4], b[5], b[6] = flags, byte(w-1), byte((w-1)>>8), byte((w-1)>>16)
		b[7], b[8], b[9] = byte(h-1), byte((h-1)>>8), byte((h-1)>>16)
		return chunk("VP8X", b)
	}
	jpegHead := func(w, h int) []byte {
		return []byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0}
	}
	frame := webp[12:] // its chunk
	anmf := make([]byte, 16)
	anmf[6], anmf[9] = 63, 63
	anmfLies := bytes.Clone(anmf)
	anmfLies[8] = 1 // 65,600 pixels wide

	cases := []struct {
		name string
		src  []byte
		out  Format
		want any // an error, or *ResolutionError
	}{
		{"a PNG of 50000 by 50000", pngBomb(50000, 50000, false), PNG, &ResolutionError{}},
		{"a PNG with a side of 2³¹-1", pngBomb(1<<31-1, 1, false), PNG, &ResolutionError{}},
		{"a PNG that is all header", pngBomb(6000, 6000, false), PNG, ErrUnsupported},
		{"a PNG of zeros that is whole", pngBomb(10000, 1000, true)[:12000], PNG, ErrUnsupported},
		{"a GIF of 100,000 frames", gifBomb(100_000, 1, 1), GIF, ErrUnsupported},
		{"a GIF of 400 frames on a large canvas", gifBomb(400, 2000, 2000), GIF, &ResolutionError{}},
		{"a GIF of 65535 by 65535", gifBomb(1, 65535, 65535), GIF, &ResolutionError{}},
		{"a GIF without frames", gifBomb(0, 10, 10), GIF, ErrUnsupported},
		{"a GIF whose frame has no data", []byte("GIF89a\x88\x13\x88\x13\x80\x00\x00000000,\x00\x00\x00\x00\x88\x13\x88\x13\x00\x02\x00;"), GIF, ErrUnsupported},
		{"a GIF whose frame is larger than it", patched(gifBomb(1, 1, 1), ",\x00\x00\x00\x00\x01\x00\x01\x00", ",\x00\x00\x00\x00\xff\xff\xff\xff"), GIF, &ResolutionError{}},
		{"a JPEG that is all header", jpegHead(6000, 6000), JPEG, ErrUnsupported},
		{"a JPEG of 65535 by 65535", jpegHead(65535, 65535), JPEG, &ResolutionError{}},
		{"a WebP with a header of 2²⁴ by 2²⁴", riff(vp8x(0, 1<<24, 1<<24), frame), WebP, ErrUnsupported},
		{"an animated WebP with that", riff(vp8x(webpAnimation, 1<<24, 1<<24), chunk("ANMF", append(anmf, frame...))), WebP, &ResolutionError{}},
		{"a WebP whose frame is another size than it", riff(vp8x(0, 10, 10), frame), WebP, ErrUnsupported},
		{"an animated WebP whose frame lies", riff(vp8x(webpAnimation, 64, 64), chunk("ANMF", append(anmfLies, frame...))), WebP, ErrUnsupported},
		{"a lossless WebP of 16384 by 16384", riff(chunk("VP8L", []byte("\x2f\xff\xff\xff\x0f0000"))), WebP, &ResolutionError{}},
		{"a WebP without a frame", riff(vp8x(0, 10, 10)), WebP, ErrUnsupported},
		{"an AVIF that says 60000 by 60000", patched(avif, "ispe\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x40", "ispe\x00\x00\x00\x00\x00\x00\xea\x60\x00\x00\xea\x60"), AVIF, ErrUnsupported},
		{"a HEIC of nothing", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x08meta"), PNG, ErrUnsupported},
		{"nothing", nil, PNG, ErrUnsupported},
		{"text", []byte("<svg onload=alert(1)>"), PNG, ErrUnsupported},
	}
	heic, err := os.ReadFile("codec/testdata/quarters.heic")
	if err != nil {
		t.Fatal(err)
	}
	const ispe = "ispe\x00\x00\x00\x00"
	cases = append(cases, cases[0], cases[0])
	cases[len(cases)-2].name, cases[len(cases)-2].src = "a HEIC that says 60000 by 60000", patched(heic, ispe+"\x00\x00\x00\x20\x00\x00\x00\x20", ispe+"\x00\x00\xea\x60\x00\x00\xea\x60")
	cases[len(cases)-1].name, cases[len(cases)-1].src, cases[len(cases)-1].want = "half of a HEIC", heic[:len(heic)/2], ErrUnsupported
	for _, f := range everyFormat {
		whole := encodeAs(f)
		cases = append(cases, struct {
			name string
			src  []byte
			out  Format
			want any
		}{"half of a file of type " + string(f), whole[:len(whole)/2], f, ErrUnsupported})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			_, err := p.Edit(t.Context(), c.src, Plain(c.out))
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			var resolution *ResolutionError
			switch want := c.want.(type) {
			case *ResolutionError:
				if !errors.As(err, &resolution) || resolution.Width == 0 || resolution.Max == 0 {
					t.Errorf("error %v, want a ResolutionError", err)
				}
			case error:
				if !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			}
			if took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("it allocated %d MiB", used>>20)
			}
		})
	}
}

func TestWhatIsAskedForIsBoundedToo(t *testing.T) {
	tall := pngOf(corners(2, 4000))
	small := pngOf(corners(80, 40))
	for name, c := range map[string]struct {
		src  []byte
		edit Edit
	}{
		"a width that makes it high": {tall, Edit{Width: 4000}},
		"a border":                   {small, Edit{BorderWidth: 5000}},
		"a rotation":                 {small, Edit{Width: 9000, Height: 4000, Rotation: 45}},
		"a side that WebP has not":   {pngOf(corners(200, 2)), Edit{Width: 17000, Output: WebP}},
	} {
		c.edit.Opacity, c.edit.Quality = 1, -1
		if c.edit.Output == "" {
			c.edit.Output = PNG
		}
		_, err := pool().Edit(t.Context(), c.src, c.edit)
		var resolution *ResolutionError
		if !errors.As(err, &resolution) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := NewPool(1, 0, Limits{MaxBytes: 10}).Edit(t.Context(), small, Plain(PNG))
	if !errors.Is(err, ErrTooManyBytes) {
		t.Errorf("a file of more bytes than allowed: %v", err)
	}
	_, err = NewPool(1, 0, Limits{Time: time.Nanosecond}).Edit(t.Context(), small, Plain(PNG))
	if !errors.Is(err, ErrTime) {
		t.Errorf("no time: %v", err)
	}
	if out, err := pool().Edit(t.Context(), gifBomb(100_000, 1, 1), Plain(PNG)); err != nil || len(out) > 200 {
		t.Errorf("the first of many frames: %d bytes, %v", len(out), err)
	}
}

func TestNoMoreThanTheWorkersWork(t *testing.T) {
	p := NewPool(2, 3, Limits{})
	started, release, results := make(chan int, 10), make(chan struct{}), make(chan error, 10)
	ask := func(ctx context.Context) {
		_, err := p.run(ctx, func(context.Context) ([]byte, error) {
			started <- 1
			<-release
			return nil, nil
		})
		results <- err
	}
	for range 2 {
		go ask(t.Context())
		<-started
	}
	waiting, leave := context.WithCancel(t.Context())
	for range 3 {
		go ask(waiting)
	}
	for len(p.all) < 5 {
		runtime.Gosched()
	}
	ask(t.Context()) // beyond the queue
	if err := <-results; !errors.Is(err, ErrBusy) {
		t.Errorf("beyond the queue: %v", err)
	}
	leave()
	for range 3 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("whoever waited: %v", err)
		}
	}
	if len(started) != 0 {
		t.Error("more worked than workers are")
	}
	close(release)
	for range 2 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	ask(t.Context())
	if err := <-results; err != nil {
		t.Errorf("when all were done: %v", err)
	}
}

func TestWorkThatDoesNotStopKeepsItsPlace(t *testing.T) {
	p := NewPool(1, 0, Limits{Time: time.Millisecond})
	release := make(chan struct{})
	_, err := p.run(t.Context(), func(context.Context) ([]byte, error) { <-release; return nil, nil })
	if !errors.Is(err, ErrTime) {
		t.Errorf("error %v, want ErrTime", err)
	}
	if _, err := p.run(t.Context(), nil); !errors.Is(err, ErrBusy) {
		t.Errorf("while it works on: %v", err)
	}
	close(release)
	for len(p.all) > 0 {
		runtime.Gosched()
	}
}

func TestAPanicIsAPictureThatIsNotSupported(t *testing.T) {
	_, err := pool().run(t.Context(), func(context.Context) ([]byte, error) { panic("index out of range") })
	if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "index out of range") {
		t.Error(err)
	}
}

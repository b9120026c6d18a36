package image

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	stdimage "image"
	"image/draw"
	"math"

	"golang.org/x/image/webp"
)

// decodeWebP decodes a picture, or the first frame of an animation, which is
// taken out of the file and decoded as a picture of its own.
func decodeWebP(src []byte, claimed func(int, int) error) (stdimage.Image, error) {
	frame, err := walkWebP(src)
	if err != nil {
		return nil, err
	}
	if err := claimed(frame.width, frame.height); err != nil {
		return nil, err
	}
	if frame.file == nil {
		return decodeSimpleWebP(src, frame.width, frame.height)
	}
	at := frame.at
	if at.Max.X > frame.width || at.Max.Y > frame.height {
		return nil, errors.New("webp: a frame is larger than the picture")
	}
	img, err := decodeSimpleWebP(frame.file, at.Dx(), at.Dy())
	if err != nil {
		return nil, err
	}
	if at == stdimage.Rect(0, 0, frame.width, frame.height) {
		return img, nil
	}
	canvas := stdimage.NewRGBA(stdimage.Rect(0, 0, frame.width, frame.height))
	draw.Draw(canvas, at, toRGBA(img), stdimage.Point{}, draw.Src)
	return canvas, nil
}

// decodeSimpleWebP decodes a file that holds one frame, if that has the size
// which was checked.
func decodeSimpleWebP(file []byte, width, height int) (stdimage.Image, error) {
	c, err := webp.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if c.Width != width || c.Height != height {
		return nil, fmt.Errorf("webp: it says %d by %d, and %d by %d", width, height, c.Width, c.Height)
	}
	img, err := webp.Decode(bytes.NewReader(file))
	switch img := img.(type) {
	case *stdimage.YCbCr:
		fullRange(img)
	case *stdimage.NYCbCrA:
		fullRange(&img.YCbCr)
	}
	return img, err
}

// fullRange spreads the values of a picture, which are those of television (16
// to 235, and 240 for colors; RFC 6386 §9.2), to the whole range that the
// standard library's pictures have.
func fullRange(img *stdimage.YCbCr) {
	spread := func(plane []uint8, from, used, to float64) {
		var table [256]uint8
		for i := range table {
			table[i] = uint8(math.Round(min(max((float64(i)-from)*255/used+to, 0), 255)))
		}
		for i, v := range plane {
			plane[i] = table[v]
		}
	}
	spread(img.Y, 16, 219, 0)
	spread(img.Cb, 128, 224, 128)
	spread(img.Cr, 128, 224, 128)
}

// webpFrame is the first frame of a file: the file itself, or if it is one of
// an animation, a file made of it and where it stands in the picture.
type webpFrame struct {
	width, height int
	file          []byte
	at            stdimage.Rectangle
}

const (
	webpAlpha     = 0x10
	webpAnimation = 0x02
)

// walkWebP reads the chunks of a file (RFC 9649 §2) up to the first frame.
func walkWebP(src []byte) (f webpFrame, err error) {
	const header = 12
	if len(src) < header {
		return f, errors.New("webp: it is cut off")
	}
	animation := false
	for rest := src[header:]; ; {
		name, body, after, ok := nextChunk(rest)
		if !ok {
			return f, errors.New("webp: there is no picture in it")
		}
		rest = after
		switch {
		case name == "VP8X" && f.width == 0:
			if len(body) < 10 {
				return f, errors.New("webp: a header is cut off")
			}
			animation = body[0]&webpAnimation != 0
			f.width, f.height = 1+uint24(body[4:]), 1+uint24(body[7:])
		case name == "ANMF" && animation:
			return f, f.take(body)
		case !animation && (name == "VP8 " || name == "VP8L"):
			w, h, err := frameSize(name, body)
			if err == nil && f.width != 0 && (w != f.width || h != f.height) {
				err = fmt.Errorf("webp: it says %d by %d, and %d by %d", f.width, f.height, w, h)
			}
			f.width, f.height = w, h
			return f, err
		}
	}
}

// take makes a file of the first frame of an animation.
func (f *webpFrame) take(body []byte) error {
	const header = 16
	if len(body) < header {
		return errors.New("webp: a frame is cut off")
	}
	x, y := 2*uint24(body), 2*uint24(body[3:])
	w, h := 1+uint24(body[6:]), 1+uint24(body[9:])
	f.at = stdimage.Rect(x, y, x+w, y+h)
	var alpha, picture []byte
	for rest := body[header:]; picture == nil; {
		name, data, after, ok := nextChunk(rest)
		if !ok {
			return errors.New("webp: a frame is empty")
		}
		switch name {
		case "ALPH":
			alpha = chunk(name, data)
		case "VP8 ", "VP8L":
			gotW, gotH, err := frameSize(name, data)
			if err != nil {
				return err
			}
			if gotW != w || gotH != h {
				return fmt.Errorf("webp: a frame says %d by %d, and %d by %d", w, h, gotW, gotH)
			}
			picture = chunk(name, data)
		}
		rest = after
	}
	if alpha != nil {
		extended := make([]byte, 10)
		extended[0] = webpAlpha
		copy(extended[4:], body[6:12])
		picture = append(append(chunk("VP8X", extended), alpha...), picture...)
	}
	f.file = chunk("RIFF", append([]byte("WEBP"), picture...))
	return nil
}

// frameSize reads the size from the header of a frame.
func frameSize(name string, data []byte) (width, height int, err error) {
	const side = 1<<14 - 1
	switch {
	case name == "VP8 " && len(data) >= 10:
		return int(binary.LittleEndian.Uint16(data[6:]) & side), int(binary.LittleEndian.Uint16(data[8:]) & side), nil
	case name == "VP8L" && len(data) >= 5:
		bits := binary.LittleEndian.Uint32(data[1:])
		return 1 + int(bits&side), 1 + int(bits>>14&side), nil
	}
	return 0, 0, errors.New("webp: a frame is cut off")
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// nextChunk splits off a chunk of a RIFF file. They begin at even places.
func nextChunk(b []byte) (name string, body, rest []byte, ok bool) {
	const header = 8
	if len(b) < header {
		return "", nil, nil, false
	}
	name = string(b[:4])
	size := int64(binary.LittleEndian.Uint32(b[4:]))
	b = b[header:]
	if size > int64(len(b)) {
		return "", nil, nil, false
	}
	return name, b[:size], b[min(size+size&1, int64(len(b))):], true
}

func chunk(name string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

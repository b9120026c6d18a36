package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	stdimage "image"
	"image/gif"
)

// gifBest is how many pixels a byte of a GIF holds at most, and some more: a
// code has at least three bits and stands for at most 4096 pixels.
const gifBest = 4096

// gifWalk is what the blocks of a file say.
type gifWalk struct {
	width, height int
	frames        int
	pixels        int64 // of all frames
}

// walkGIF reads the blocks of a file (GIF89a) without decoding them, up to so
// many frames.
func walkGIF(src []byte, most int) (w gifWalk, err error) {
	const (
		header                     = 13
		extension, frame, trailer  = 0x21, 0x2c, 0x3b
		frameHeader                = 10
		hasTable, tableBits        = 0x80, 7
		widthAt, heightAt, flagsAt = 6, 8, 10
	)
	cutOff := errors.New("gif: it is cut off")
	if len(src) < header {
		return w, cutOff
	}
	table := func(flags byte) int {
		if flags&hasTable == 0 {
			return 0
		}
		return 3 << (1 + flags&tableBits)
	}
	w.width, w.height = int(binary.LittleEndian.Uint16(src[widthAt:])), int(binary.LittleEndian.Uint16(src[heightAt:]))
	at := header + table(src[flagsAt])
	for w.frames < most {
		if at >= len(src) {
			return w, cutOff
		}
		switch src[at] {
		case trailer:
			if w.frames == 0 {
				return w, errors.New("gif: there is no picture in it")
			}
			return w, nil
		case extension:
			at += 2
		case frame:
			if at+frameHeader > len(src) {
				return w, cutOff
			}
			w.frames++
			w.pixels += int64(binary.LittleEndian.Uint16(src[at+5:])) * int64(binary.LittleEndian.Uint16(src[at+7:]))
			at += frameHeader + table(src[at+9]) + 1 // and the size of codes
		default:
			return w, fmt.Errorf("gif: a block of type %#x", src[at])
		}
		for { // blocks of data, up to an empty one
			if at >= len(src) {
				return w, cutOff
			}
			n := int(src[at])
			at += 1 + n
			if n == 0 {
				break
			}
		}
	}
	return w, nil
}

// editGIF edits each frame of an animation.
func (l Limits) editGIF(ctx context.Context, src []byte, e Edit) ([]byte, error) {
	walk, err := walkGIF(src, l.MaxFrames+1)
	if err != nil {
		return nil, unsupported(ctx, err)
	}
	if err := l.check(walk.width, walk.height); err != nil {
		return nil, err
	}
	win, err := l.bounds(e, walk.width, walk.height)
	if err != nil {
		return nil, err
	}
	if walk.frames > l.MaxFrames {
		return nil, fmt.Errorf("%w: it has more than %d frames", ErrUnsupported, l.MaxFrames)
	}
	w, h := turned(win.width+2*e.BorderWidth, win.height+2*e.BorderWidth, e.Rotation)
	for _, pixels := range []int64{walk.pixels, int64(walk.frames) * int64(walk.width) * int64(walk.height), int64(walk.frames) * int64(w) * int64(h)} {
		if pixels > animated*l.MaxPixels {
			return nil, &ResolutionError{Width: max(w, walk.width), Height: max(h, walk.height), Max: animated * l.MaxPixels / int64(walk.frames)}
		}
	}
	if err := canHold(src, walk.pixels/gifBest); err != nil {
		return nil, err
	}
	in, err := gif.DecodeAll(bytes.NewReader(src))
	if err != nil {
		return nil, unsupported(ctx, err)
	}
	if len(in.Image) == 1 {
		canvas := stdimage.NewRGBA(stdimage.Rect(0, 0, walk.width, walk.height))
		drawPaletted(canvas, in.Image[0])
		img, err := e.apply(ctx, picture{img: canvas}, win)
		if err != nil {
			return nil, err
		}
		return encode(ctx, img, GIF, e.Quality, "")
	}
	out, err := e.animate(ctx, in, walk, win)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = gif.EncodeAll(&b, out)
	return b.Bytes(), err
}

// animate edits the frames as they are seen: each is the one before it with
// something drawn on it.
func (e Edit) animate(ctx context.Context, in *gif.GIF, walk gifWalk, win window) (*gif.GIF, error) {
	out := &gif.GIF{LoopCount: in.LoopCount, Delay: in.Delay}
	canvas := stdimage.NewRGBA(stdimage.Rect(0, 0, walk.width, walk.height))
	var before []uint8
	for i, frame := range in.Image {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		disposal := byte(0)
		if i < len(in.Disposal) {
			disposal = in.Disposal[i]
		}
		if disposal == gif.DisposalPrevious {
			before = append(before[:0], canvas.Pix...)
		}
		drawPaletted(canvas, frame)
		img, err := e.apply(ctx, picture{img: canvas}, win)
		if err != nil {
			return nil, err
		}
		out.Image = append(out.Image, quantize(img, false))
		out.Disposal = append(out.Disposal, gif.DisposalNone)
		switch disposal {
		case gif.DisposalPrevious:
			copy(canvas.Pix, before)
		case gif.DisposalBackground:
			b := frame.Rect.Intersect(canvas.Rect)
			for y := b.Min.Y; y < b.Max.Y; y++ {
				clear(canvas.Pix[canvas.PixOffset(b.Min.X, y):canvas.PixOffset(b.Max.X, y)])
			}
		}
		in.Image[i] = nil
	}
	// Each frame is whole. What is clear in it is to show nothing of the one
	// before, which is the last one for the first.
	for i, frame := range out.Image {
		if !frame.Opaque() {
			out.Disposal[(i+len(out.Image)-1)%len(out.Image)] = gif.DisposalBackground
		}
	}
	return out, nil
}

// drawPaletted draws what is not clear of a frame.
func drawPaletted(canvas *stdimage.RGBA, frame *stdimage.Paletted) {
	table := paletteTable(frame.Palette)
	b := frame.Rect.Intersect(canvas.Rect)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := canvas.Pix[canvas.PixOffset(b.Min.X, y):]
		for x, i := range frame.Pix[frame.PixOffset(b.Min.X, y):][:b.Dx()] {
			if c := table[i]; c.A != 0 {
				d := row[4*x:][:4:4]
				d[0], d[1], d[2], d[3] = c.R, c.G, c.B, c.A
			}
		}
	}
}

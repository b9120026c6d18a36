package image

import (
	"context"
	"errors"
	"fmt"
	stdimage "image"
	"runtime/debug"

	"moorfast/internal/image/codec"
)

// Pool works on a bounded number of pictures at a time.
type Pool struct {
	limits  Limits
	workers chan struct{} // has one for each picture that is worked on
	all     chan struct{} // and here for each that waits, too
}

// NewPool returns a pool of so many workers, for each of whom memory for one
// picture is needed, and of so many that wait for one.
func NewPool(workers, queue int, limits Limits) *Pool {
	workers, queue = max(1, workers), max(0, queue)
	return &Pool{
		limits:  limits.withDefaults(),
		workers: make(chan struct{}, workers),
		all:     make(chan struct{}, workers+queue),
	}
}

// Limits returns the limits, with defaults filled in.
func (p *Pool) Limits() Limits { return p.limits }

// Edit decodes a picture, edits it and encodes it. GIFs stay animated if the
// output is one, too; otherwise the first frame is taken. The source must not
// be changed afterwards: when the context ends, Edit returns at once, and the
// worker when it can.
func (p *Pool) Edit(ctx context.Context, src []byte, e Edit) ([]byte, error) {
	if int64(len(src)) > p.limits.MaxBytes {
		return nil, ErrTooManyBytes
	}
	format, ok := Sniff(src)
	if !ok {
		return nil, fmt.Errorf("%w: the format is not known", ErrUnsupported)
	}
	if e.Output == "" {
		e.Output = JPEG
		if format.CanEncode() {
			e.Output = format
		}
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return p.run(ctx, func(ctx context.Context) ([]byte, error) {
		if format == GIF && e.Output == GIF {
			return p.limits.editGIF(ctx, src, e)
		}
		return p.limits.editStill(ctx, format, src, e)
	})
}

// Fit scales a picture to cover a rectangle and cuts off what stands out, alike
// on both sides. A width or height of 0 keeps the ratio.
func (p *Pool) Fit(ctx context.Context, src []byte, width, height, quality int, f Format) ([]byte, error) {
	return p.Edit(ctx, src, Edit{Width: width, Height: height, Quality: quality, Opacity: 1, Output: f})
}

// Encode encodes a picture of the program's own. A quality of -1 is the format's
// default. The picture must not be changed afterwards.
func (p *Pool) Encode(ctx context.Context, img stdimage.Image, f Format, quality int) ([]byte, error) {
	e := Edit{Quality: quality, Opacity: 1, Output: f}
	if err := e.check(); err != nil {
		return nil, err
	}
	b := img.Bounds()
	if err := p.limits.check(b.Dx(), b.Dy()); err != nil {
		return nil, err
	}
	return p.run(ctx, func(ctx context.Context) ([]byte, error) {
		return encode(ctx, toRGBA(img), f, quality, "")
	})
}

// run waits for a worker and has it do the work.
func (p *Pool) run(ctx context.Context, work func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.all <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	select {
	case p.workers <- struct{}{}:
	case <-ctx.Done():
		<-p.all
		return nil, ctx.Err()
	}
	type result struct {
		out []byte
		err error
	}
	done := make(chan result, 1)
	timed, cancel := context.WithTimeout(ctx, p.limits.Time)
	defer cancel()
	// Libraries do not stop when told to. The caller leaves then, and the place of
	// the worker stays taken, so that no more of them pile up than there are.
	go func() {
		out, err := guard(timed, work)
		<-p.workers // before the caller can come again
		<-p.all
		done <- result{out, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-timed.Done():
		r.err = timed.Err()
	}
	if r.err != nil && errors.Is(r.err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, ErrTime
	}
	return r.out, r.err
}

// guard makes an error of a panic: decoders meet what their authors did not
// think of.
func guard(ctx context.Context, work func(context.Context) ([]byte, error)) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("%w: %v\n%s", ErrUnsupported, r, debug.Stack())
		}
	}()
	out, err = work(ctx)
	if err != nil && ctx.Err() == nil && errors.Is(err, codec.ErrFailed) && !errors.Is(err, ErrUnsupported) {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return out, err
}

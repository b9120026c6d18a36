package avatars

import (
	"context"
	"image"
	"image/color"

	"github.com/skip2/go-qrcode"

	"moorfast/internal/api"
)

type qrParams struct {
	Text     string `param:"text" max:"512" doc:"What the code says."`
	Size     int    `param:"size" min:"1" max:"1000" default:"400" doc:"Pixels of each side."`
	Margin   int    `param:"margin" min:"0" max:"10" default:"1" doc:"Modules around the code."`
	Download bool   `param:"download" default:"false" doc:"Have browsers save it as a file."`
}

func (s *Service) qr(ctx context.Context, call *api.Call, in qrParams) (api.Content, error) {
	// 512 chars are at most 2048 bytes, and the largest code holds 2953.
	code, err := qrcode.New(in.Text, qrcode.Low)
	if err != nil {
		return api.Content{}, err
	}
	code.DisableBorder = true
	body, err := s.Pictures.Encode(ctx, modules(code.Bitmap(), in.Size, in.Margin), "png", -1)
	if err != nil {
		return api.Content{}, err
	}
	call.SetHeader("Cache-Control", fortyFive)
	if in.Download {
		call.SetHeader("Content-Disposition", `attachment; filename="qr.png"`)
	}
	return api.Content{Type: pngType, Body: body}, nil
}

// modules draws a code. Each module is as many whole pixels as there is room
// for, which readers like best; what is left becomes margin. Where there is not
// a pixel for each, the code is no longer one, and is drawn as it would look.
func modules(bitmap [][]bool, size, margin int) image.Image {
	img := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	count := len(bitmap) + 2*margin
	pixels := size / count
	rest := (size - pixels*count) / 2
	at := func(p int) int {
		if pixels == 0 {
			return p*count/size - margin
		}
		if p < rest {
			return -1
		}
		return (p-rest)/pixels - margin
	}
	for y := range size {
		row := at(y)
		if row < 0 || row >= len(bitmap) {
			continue
		}
		for x := range size {
			if column := at(x); column >= 0 && column < len(bitmap) && bitmap[row][column] {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	return img
}

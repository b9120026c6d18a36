package avatars

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"moorfast/internal/api"
)

type initialsParams struct {
	Name       string   `param:"name" max:"128" default:"\"\"" doc:"The name; that of the current user if it is empty."`
	Width      int      `param:"width" min:"0" max:"2000" default:"500" doc:"Pixels; 0 is 500."`
	Height     int      `param:"height" min:"0" max:"2000" default:"500" doc:"Pixels; 0 is 500."`
	Background hexColor `param:"background" default:"\"\"" doc:"Colour in hexadecimal, without #; chosen by the initials if it is empty."`
}

func (s *Service) initials(ctx context.Context, call *api.Call, in initialsParams) (api.Content, error) {
	name := in.Name
	if user := call.Actor.User; name == "" && user != nil {
		if name = user.Name; name == "" {
			name = user.Email
		}
	}
	letters := initialsOf(name)
	background := colorOf(letters)
	if in.Background != "" {
		background = parseColor(string(in.Background))
	}
	width, height := orElse(in.Width, 500), orElse(in.Height, 500)
	body, err := s.Pictures.Encode(ctx, drawInitials(letters, background, width, height, true), "png", -1)
	if err != nil {
		return api.Content{}, err
	}
	call.SetHeader("Cache-Control", fortyFive)
	return api.Content{Type: pngType, Body: body}, nil
}

func orElse(n, other int) int {
	if n == 0 {
		return other
	}
	return n
}

// initialsOf returns the first chars of the first two words of a name, as far as
// they are letters and digits of ASCII.
func initialsOf(name string) string {
	words := strings.Split(strings.ToUpper(name), " ")
	if len(words) == 1 {
		words = strings.Split(words[0], "_")
	}
	var letters []byte
	for _, w := range words[:min(2, len(words))] {
		if w != "" && ('A' <= w[0] && w[0] <= 'Z' || '0' <= w[0] && w[0] <= '9') {
			letters = append(letters, w[0])
		}
	}
	return string(letters)
}

var palette = [5]string{"FD366E", "FE9567", "7C67FE", "68A3FE", "85DBD8"}

// colorOf chooses a colour by the last digit of the sum of the chars.
func colorOf(letters string) color.NRGBA {
	sum := 0
	for _, c := range []byte(letters) {
		sum += int(c)
	}
	return parseColor(palette[sum%10%len(palette)])
}

// parseColor reads 3 or 6 hexadecimal digits.
func parseColor(digits string) color.NRGBA {
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, _ := strconv.ParseUint(digits, 16, 32) // they were checked
	return color.NRGBA{byte(n >> 16), byte(n >> 8), byte(n), 0xff}
}

var inter = sync.OnceValue(func() *opentype.Font {
	b, err := pictures.ReadFile("pictures/inter.ttf")
	if err != nil {
		panic(fmt.Sprintf("avatars: inter.ttf: %v", err)) // it is part of the program
	}
	f, err := opentype.Parse(b)
	if err != nil {
		panic(fmt.Sprintf("avatars: inter.ttf: %v", err))
	}
	return f
})

// drawInitials draws letters on a colour: cut out of it, so that whatever is
// behind shows, or in white where the picture's format has nothing behind.
//
// A picture of one colour needs no more than a byte for each pixel.
func drawInitials(letters string, background color.NRGBA, width, height int, cut bool) image.Image {
	shades := make(color.Palette, 256)
	for i := range shades {
		shade := background
		if cut {
			shade.A = byte(255 - i)
		} else {
			shade = mix(background, color.NRGBA{0xff, 0xff, 0xff, 0xff}, i)
		}
		shades[i] = shade
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), shades)
	size := float64(min(width, height)) / 2
	if letters == "" || size < 1 {
		return img
	}
	face, err := opentype.NewFace(inter(), &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(fmt.Sprintf("avatars: inter.ttf: %v", err)) // the options are right
	}
	defer face.Close()
	// The pixels of the mask are the indices of the picture.
	mask := &image.Alpha{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: face}
	x := float64(width)/1.97 - float64(d.MeasureString(letters))/64/2
	d.Dot = fixed.Point26_6{X: units(x), Y: units(float64(height)/2 + size/3)}
	d.DrawString(letters)
	return img
}

func units(f float64) fixed.Int26_6 { return fixed.Int26_6(math.Round(f * 64)) }

// mix returns the colour that is n/255 of the way from one to another.
func mix(from, to color.NRGBA, n int) color.NRGBA {
	part := func(a, b byte) byte { return byte((int(a)*(255-n) + int(b)*n) / 255) }
	return color.NRGBA{part(from.R, to.R), part(from.G, to.G), part(from.B, to.B), 0xff}
}

package avatars

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/fetch"
)

type photoParams struct {
	Width   int    `param:"width" min:"0" max:"2000" default:"256" doc:"Pixels; 0 is 256."`
	Height  int    `param:"height" min:"0" max:"2000" default:"256" doc:"Pixels; 0 is 256."`
	Quality int    `param:"quality" min:"0" max:"100" default:"100" doc:"Of the compression."`
	Output  string `param:"output" oneof:"png,jpg,webp" default:"\"png\"" doc:"Format of the picture."`
	Rating  string `param:"rating" oneof:"g,pg,r,x" default:"\"g\"" doc:"What the picture may show, at most."`
}

var outputTypes = map[string]string{
	"png": pngType, "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "avif": "image/avif", "heic": "image/heic",
}

// photo looks for the picture of the user who asks where pictures are kept by
// e-mail address, which learn a hash of it. A place that does not answer is one
// that has none.
func (s *Service) photo(ctx context.Context, call *api.Call, in photoParams) (api.Content, error) {
	in.Width, in.Height = orElse(in.Width, 256), orElse(in.Height, 256)
	body, err := s.portrait(ctx, call, in)
	if err != nil {
		return api.Content{}, err
	}
	call.SetHeader("Cache-Control", neverKept)
	return api.Content{Type: outputTypes[in.Output], Body: body}, nil
}

func (s *Service) portrait(ctx context.Context, call *api.Call, in photoParams) ([]byte, error) {
	name := ""
	if user := call.Actor.User; user != nil {
		leave, err := s.remote.take(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		for _, address := range portraits(user.Email, in) {
			r, err := s.Out.Get(ctx, address, fetch.Use{Ports: []int{443}, Redirects: 2, MaxBytes: 4 << 20, Timeout: 4 * time.Second, Accept: "image/*"})
			if err != nil || r.Status != 200 {
				continue
			}
			body, err := s.Pictures.Fit(ctx, r.Body, in.Width, in.Height, in.Quality, in.Output)
			if row := (*apierr.Error)(nil); err == nil || errors.As(err, &row) {
				return body, err
			}
		}
		if name = user.Name; name == "" {
			name = user.Email
		}
	}
	var img image.Image
	if letters := initialsOf(name); letters != "" {
		img = drawInitials(letters, colorOf(letters), in.Width, in.Height, in.Output != "jpg")
	} else {
		img = drawNobody(in.Width, in.Height)
	}
	return s.Pictures.Encode(ctx, img, in.Output, in.Quality)
}

// portraits are the addresses of an e-mail address's picture.
func portraits(email string, in photoParams) []string {
	if email == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(email))))
	size := strconv.Itoa(max(in.Width, in.Height, 1))
	query := hex.EncodeToString(sum[:]) + "?d=404&s=" + size
	return []string{
		"https://www.gravatar.com/avatar/" + query + "&r=" + in.Rating,
		"https://seccdn.libravatar.org/avatar/" + query,
	}
}

// drawNobody draws a head and shoulders.
func drawNobody(width, height int) image.Image {
	shades := make(color.Palette, 256)
	for i := range shades {
		shades[i] = mix(color.NRGBA{0xd8, 0xdb, 0xe5, 0xff}, color.NRGBA{0x97, 0x9c, 0xad, 0xff}, i)
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), shades)
	size := float64(min(width, height))
	cx, cy := float64(width)/2, float64(height)/2
	for y := range height {
		for x := range width {
			dx, dy := float64(x)+0.5-cx, float64(y)+0.5-cy
			head := size*0.17 - math.Hypot(dx, dy+size*0.1)
			body := size*0.36 - math.Hypot(dx, dy-size*0.5)
			img.Pix[y*img.Stride+x] = byte(255 * min(max(max(head, body)+0.5, 0), 1))
		}
	}
	return img
}

package avatars

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"sync"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
)

// pictures are what pictures/README.md tells of.
//
//go:embed pictures/codes.json pictures/inter.ttf pictures/flags/*.png pictures/credit-cards/*.png pictures/browsers/*.png
var pictures embed.FS

// The groups of pictures, which are the names of their folders.
const (
	browsers = "browsers"
	cards    = "credit-cards"
	flags    = "flags"
)

// catalogue is which pictures there are.
type catalogue struct{ codes map[string][]string }

var stock = sync.OnceValue(func() catalogue {
	type drawn struct {
		Code string `json:"code"`
	}
	var file struct {
		Flags    []string `json:"flags"`
		Cards    []drawn  `json:"credit-cards"`
		Browsers []drawn  `json:"browsers"`
	}
	b, err := pictures.ReadFile("pictures/codes.json")
	if err == nil {
		err = json.Unmarshal(b, &file)
	}
	if err != nil {
		panic(fmt.Sprintf("avatars: codes.json: %v", err)) // it is part of the program
	}
	codes := map[string][]string{flags: file.Flags}
	for _, d := range file.Cards {
		codes[cards] = append(codes[cards], d.Code)
	}
	for _, d := range file.Browsers {
		codes[browsers] = append(codes[browsers], d.Code)
	}
	return catalogue{codes}
})

type sizes struct{ Width, Height, Quality int }

type browserParams struct {
	Code    browserCode `param:"code" doc:"Code of the browser."`
	Width   int         `param:"width" min:"0" max:"2000" default:"100" doc:"Pixels; 0 follows from the height."`
	Height  int         `param:"height" min:"0" max:"2000" default:"100" doc:"Pixels; 0 follows from the width."`
	Quality int         `param:"quality" min:"-1" max:"100" default:"-1" doc:"Of the compression; -1 leaves the choice."`
}

type cardParams struct {
	Code    cardCode `param:"code" doc:"Code of the brand."`
	Width   int      `param:"width" min:"0" max:"2000" default:"100" doc:"Pixels; 0 follows from the height."`
	Height  int      `param:"height" min:"0" max:"2000" default:"100" doc:"Pixels; 0 follows from the width."`
	Quality int      `param:"quality" min:"-1" max:"100" default:"-1" doc:"Of the compression; -1 leaves the choice."`
}

type flagParams struct {
	Code    flagCode `param:"code" doc:"ISO 3166-1 code of the country."`
	Width   int      `param:"width" min:"0" max:"2000" default:"100" doc:"Pixels; 0 follows from the height."`
	Height  int      `param:"height" min:"0" max:"2000" default:"100" doc:"Pixels; 0 follows from the width."`
	Quality int      `param:"quality" min:"-1" max:"100" default:"-1" doc:"Of the compression; -1 leaves the choice."`
}

func (s *Service) browser(ctx context.Context, call *api.Call, in browserParams) (api.Content, error) {
	return s.fromStock(ctx, call, groupBrowser, browsers, string(in.Code), sizes{in.Width, in.Height, in.Quality})
}

func (s *Service) card(ctx context.Context, call *api.Call, in cardParams) (api.Content, error) {
	return s.fromStock(ctx, call, groupCard, cards, string(in.Code), sizes{in.Width, in.Height, in.Quality})
}

func (s *Service) flag(ctx context.Context, call *api.Call, in flagParams) (api.Content, error) {
	return s.fromStock(ctx, call, groupFlag, flags, string(in.Code), sizes{in.Width, in.Height, in.Quality})
}

// fromStock serves a picture that came with the program.
func (s *Service) fromStock(ctx context.Context, call *api.Call, group, folder, code string, in sizes) (api.Content, error) {
	return s.kept(ctx, call, group, []any{code, in}, func() (api.Content, error) {
		src, err := drawing(folder, code, in.Width, in.Height)
		if err != nil {
			return api.Content{}, apierr.AvatarNotFound.Because(err)
		}
		body, err := s.Pictures.Fit(ctx, src, in.Width, in.Height, in.Quality, "png")
		return api.Content{Type: pngType, Body: body}, err
	})
}

// drawing returns the drawing of a picture, of two where there are two, that
// loses less when it is cut to a size.
func drawing(folder, code string, width, height int) ([]byte, error) {
	path := "pictures/" + folder + "/" + code
	if width*10 > height*12 || width == 0 || height == 0 {
		if b, err := pictures.ReadFile(path + "-wide.png"); err == nil {
			return b, nil
		}
	}
	return pictures.ReadFile(path + ".png")
}

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/files"
	"moorfast/internal/image"
	"moorfast/internal/store"
)

// Color is six or three hex digits, or "".
type Color string

var colorForm = regexp.MustCompile(`^([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})?$`)

// Check allows colors without the "#" that others write before them.
func (c Color) Check() error {
	if !colorForm.MatchString(string(c)) {
		return api.Reject("Value must be a valid Hex color code")
	}
	return nil
}

// Opacity is a share from 0 to 1.
type Opacity float64

// UnmarshalJSON reads a number from 0 to 1.
func (o *Opacity) UnmarshalJSON(raw []byte) error { return api.Ranged((*float64)(o), raw, 0, 1) }

type previewParams struct {
	BucketID     api.ID  `param:"bucketId"`
	FileID       api.ID  `param:"fileId"`
	Width        int     `param:"width" min:"0" max:"4000" default:"0"`
	Height       int     `param:"height" min:"0" max:"4000" default:"0"`
	Gravity      string  `param:"gravity" oneof:"center,top-left,top,top-right,left,right,bottom-left,bottom,bottom-right" fold:"true" default:"\"center\""`
	Quality      int     `param:"quality" min:"-1" max:"100" default:"-1"`
	BorderWidth  int     `param:"borderWidth" min:"0" max:"100" default:"0"`
	BorderColor  Color   `param:"borderColor" default:"\"\""`
	BorderRadius int     `param:"borderRadius" min:"0" max:"4000" default:"0"`
	Opacity      Opacity `param:"opacity" default:"1"`
	Rotation     int     `param:"rotation" min:"-360" max:"360" default:"0"`
	Background   Color   `param:"background" default:"\"\""`
	Output       string  `param:"output" oneof:"jpg,jpeg,png,webp,heic,avif,gif" default:"\"\""`
	Token        string  `param:"token" max:"512" default:"\"\""`
}

// sources are the types that previews are made of, and formats the extensions
// that they can have. Everything else has the icon of its type.
var (
	sources = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/heic": "heic", "image/webp": "webp", "image/gif": "gif"}
	formats = map[string]image.Format{"jpg": "jpg", "jpeg": "jpg", "png": "png", "webp": "webp", "heic": "heic", "avif": "avif", "gif": "gif"}
)

const (
	freshFor  = "private, max-age=2592000"
	cachedFor = "private, max-age=15552000"
)

func (s *Service) preview(ctx context.Context, call *api.Call, in previewParams) (api.Content, error) {
	file, open, err := s.openPreview(ctx, call, in)
	if err != nil {
		return api.Content{}, err
	}
	edit := in.edit(file)
	source := sources[file.MIME] != "" && file.Stored <= s.Limits.Preview && file.Size <= s.Limits.Preview
	if !source {
		edit.Output = image.PNG
	}
	group := cacheGroup(string(in.BucketID), file.ID)
	key := fmt.Sprintf("preview/%d/%+v", file.Seq, edit)
	if !source {
		key += "/" + file.MIME + "/" + files.Extension(file.Name)
	}
	call.SetHeader("X-Content-Type-Options", "nosniff")
	call.SetHeader("Cross-Origin-Resource-Policy", "cross-origin")
	if body, ok := s.Cache.Get(ctx, call.Project.ID, group, key); ok {
		call.SetHeader("X-Appwrite-Cache", "hit")
		call.SetHeader("Cache-Control", cachedFor)
		return api.Content{Type: edit.Output.MIME(), Body: body}, nil
	}
	body, err := s.draw(ctx, file, open, source, edit)
	if err != nil {
		return api.Content{}, refusal(err)
	}
	if err := errors.Join(s.Cache.Put(ctx, call.Project.ID, group, key, body), s.Files.MadePreview(ctx, call.Project.ID, file)); err != nil {
		return api.Content{}, err
	}
	call.SetHeader("X-Appwrite-Cache", "miss")
	call.SetHeader("Cache-Control", freshFor)
	return api.Content{Type: edit.Output.MIME(), Body: body}, nil
}

// openPreview finds a file that the call may have a preview of.
func (s *Service) openPreview(ctx context.Context, call *api.Call, in previewParams) (*files.File, opener, error) {
	content := contentParams{BucketID: in.BucketID, FileID: in.FileID, Token: in.Token}
	if call.Actor.Server() {
		return s.open(ctx, call, content)
	}
	b, err := api.Read(ctx, call, func(tx store.Tx) (*files.Bucket, error) {
		return files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
	})
	if err == nil && !b.Transformations {
		err = apierr.BucketTransformationsDisabled
	}
	if err != nil {
		return nil, nil, err
	}
	return s.open(ctx, call, content)
}

// edit is what the parameters ask for. Without an output, the file's extension
// says, and without that, its type.
func (in *previewParams) edit(file *files.File) image.Edit {
	output, ok := formats[in.Output]
	if ext := files.Extension(file.Name); !ok && ext != "" {
		output, ok = formats[ext]
	} else if !ok {
		output, ok = formats[sources[file.MIME]]
	}
	if !ok {
		output = "jpg"
	}
	return image.Edit{
		Width: in.Width, Height: in.Height, Gravity: in.Gravity, Quality: in.Quality,
		BorderWidth: in.BorderWidth, BorderColor: string(in.BorderColor), BorderRadius: in.BorderRadius,
		Opacity: float64(in.Opacity), Rotation: in.Rotation, Background: string(in.Background), Output: output,
	}
}

func (s *Service) draw(ctx context.Context, file *files.File, open opener, source bool, edit image.Edit) ([]byte, error) {
	if !source {
		return s.Pictures.Icon(ctx, file.MIME, strings.ToLower(files.Extension(file.Name)), edit)
	}
	body, err := open(span{0, file.Size})
	if err != nil {
		return nil, err
	}
	src := make([]byte, file.Size)
	_, err = io.ReadFull(body, src)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	return s.Pictures.Edit(ctx, src, edit)
}

// refusal is what a client is told of a picture that cannot be made.
func refusal(err error) error {
	var (
		big   *image.ResolutionError
		wrong *image.EditError
	)
	switch {
	case errors.As(err, &wrong):
		return apierr.ArgumentInvalid.Detail("The picture cannot have this %s.", wrong.Field).Because(err)
	case errors.Is(err, image.ErrTooManyBytes), errors.Is(err, image.ErrTime):
		return apierr.FileTypeUnsupported.Detail("The picture takes more work than the server does for one.").Because(err)
	case errors.As(err, &big):
		return apierr.FileResolutionExceeded.Detail("Image resolution %dx%d exceeds the maximum allowed of %s pixels", big.Width, big.Height, api.Thousands(big.Max)).Because(err)
	case errors.Is(err, image.ErrNoEncoder):
		return apierr.FileTypeUnsupported.Detail("Pictures cannot be written in this format.").Because(err)
	case errors.Is(err, image.ErrUnsupported):
		return apierr.FileTypeUnsupported.Because(err)
	case errors.Is(err, image.ErrBusy):
		return apierr.Busy.Because(err)
	}
	return err
}

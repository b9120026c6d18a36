package avatars

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/url"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/fetch"
)

type faviconParams struct {
	URL api.WebURL `param:"url" doc:"Address of a page of the site."`
}

const (
	faviconSide    = 56
	faviconQuality = 80
	icoType        = "image/x-icon"
)

func (s *Service) favicon(ctx context.Context, call *api.Call, in faviconParams) (api.Content, error) {
	return s.kept(ctx, call, groupFavicon, in, func() (api.Content, error) {
		leave, err := s.remote.take(ctx)
		if err != nil {
			return api.Content{}, err
		}
		defer leave()
		use := fetch.Use{Redirects: 3, MaxBytes: 2 << 20, Timeout: 8 * time.Second, Accept: "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"}
		page, err := s.Out.Get(ctx, string(in.URL), use)
		if err := fetched(ctx, page, err); err != nil {
			return api.Content{}, err
		}
		address, err := iconAddress(page)
		if err != nil {
			return api.Content{}, apierr.AvatarIconNotFound.Because(err)
		}
		use.Accept = "image/*"
		file, err := s.Out.Get(ctx, address, use)
		switch {
		case err != nil && ctx.Err() != nil:
			return api.Content{}, ctx.Err()
		case err != nil:
			return api.Content{}, apierr.AvatarIconNotFound.Because(err)
		case file.Status != 200:
			return api.Content{}, apierr.AvatarIconNotFound
		}
		return s.readIcon(ctx, file.Body)
	})
}

// iconAddress returns where the icon of a page is: at one of its links, or at
// the address that browsers try when there is none.
func iconAddress(page *fetch.Response) (string, error) {
	if choice, ok := best(icons(page.Body, page.URL)); ok {
		return choice.address, nil
	}
	u, err := url.Parse(page.URL)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host + "/favicon.ico", nil
}

// readIcon goes by what a file is, and not by what its server calls it.
func (s *Service) readIcon(ctx context.Context, file []byte) (api.Content, error) {
	switch {
	case isICO(file):
		return api.Content{Type: icoType, Body: file}, nil
	case looksLikeSVG(file):
		body, err := sanitize(file)
		if err != nil {
			return api.Content{}, apierr.AvatarSVGUnsafe.Because(err)
		}
		return api.Content{Type: svgType, Body: body}, nil
	}
	body, err := s.Pictures.Fit(ctx, file, faviconSide, faviconSide, faviconQuality, "png")
	if err != nil {
		return api.Content{}, unreadable(ctx, err, apierr.AvatarIconNotFound)
	}
	return api.Content{Type: pngType, Body: body}, nil
}

// isICO reports whether a file is of Windows icons, each of which is a bitmap or
// a PNG image that lies within the file.
func isICO(b []byte) bool {
	const header, entry = 6, 16
	if len(b) < header || binary.LittleEndian.Uint32(b) != 0x00010000 {
		return false
	}
	count := int(binary.LittleEndian.Uint16(b[4:]))
	if count == 0 || len(b) < header+entry*count {
		return false
	}
	for i := range count {
		e := b[header+entry*i:]
		size, at := uint64(binary.LittleEndian.Uint32(e[8:])), uint64(binary.LittleEndian.Uint32(e[12:]))
		if at < uint64(header+entry*count) || size < 8 || at+size > uint64(len(b)) {
			return false
		}
		image := b[at:]
		if !bytes.HasPrefix(image, []byte("\x89PNG\r\n\x1a\n")) && binary.LittleEndian.Uint32(image) != 40 {
			return false
		}
	}
	return true
}

// looksLikeSVG reports whether a file begins as XML does.
func looksLikeSVG(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	head := b[:min(len(b), 4096)]
	return bytes.HasPrefix(b, []byte("<")) && bytes.Contains(head, []byte("<svg"))
}

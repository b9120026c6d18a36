package storage

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/files"
	"moorfast/internal/core/listing"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/perm"
	"moorfast/internal/store"
)

// Folder is where a file lies in its bucket: "a/b/", or "" for the bucket itself.
// It is a name, and no place on a disk.
type Folder string

// maxFolder and maxName are the longest texts, in chars, that the contract keeps.
const (
	maxFolder = 2048
	maxName   = 2048
)

// UnmarshalJSON brings the folder into its form: one "/" between names, and one
// at the end.
func (f *Folder) UnmarshalJSON(raw []byte) error {
	text, ok := api.Unquote(raw)
	if !ok || utf8.RuneCountInString(text) > maxFolder || strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, `\`) {
		return errFolder
	}
	path := ""
	for name := range strings.SplitSeq(text, "/") {
		switch name {
		case "":
		case ".", "..":
			return errFolder
		default:
			path += name + "/"
		}
	}
	*f = Folder(path)
	return nil
}

var errFolder = api.Reject("Value must be a path of folders such as a/b/, of no more than %d chars, without '.', '..' and '\\'", maxFolder)

type listFilesParams struct {
	BucketID api.ID      `param:"bucketId"`
	Queries  api.Queries `param:"queries" default:"[]"`
	Search   string      `param:"search" max:"256" default:"\"\""`
	Total    bool        `param:"total" default:"true"`
}

func (s *Service) listFiles(ctx context.Context, call *api.Call, in listFilesParams) (model.FileList, error) {
	page := listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total}
	return api.Read(ctx, call, func(tx store.Tx) (model.FileList, error) {
		b, rows, total, err := files.List(ctx, tx, &call.Actor, string(in.BucketID), page)
		list := model.FileList{Total: total, Files: make([]model.File, len(rows))}
		for i := range rows {
			if err == nil {
				list.Files[i], err = rows[i].Model(b.ID)
			}
		}
		return list, err
	})
}

// receive takes the bytes of an upload in, for a bucket that the path names.
func (s *Service) receive(ctx context.Context, call *api.Call, part api.Part) (*files.Received, error) {
	if !validName(part.Name) {
		return nil, apierr.ArgumentInvalid.Detail("The name of the file must be a text of at most %d chars, in UTF-8.", maxName)
	}
	return s.Files.Receive(ctx, call, call.Param("bucketId"), part)
}

func validName(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsRune(name, 0) && utf8.RuneCountInString(name) <= maxName
}

type createFileParams struct {
	BucketID    api.ID                        `param:"bucketId"`
	FileID      api.NewID                     `param:"fileId"`
	Permissions opt.Value[api.RowPermissions] `param:"permissions"`
	Folder      Folder                        `param:"folder" default:"\"\"" doc:"Folder of the file, such as photos/2026/."`
}

func (s *Service) createFile(ctx context.Context, call *api.Call, in createFileParams, r *files.Received) (model.File, error) {
	if r == nil {
		return model.File{}, s.missing(ctx, call, in)
	}
	set, err := permissions(call, in.Permissions)
	if err != nil {
		return model.File{}, err
	}
	b, file, status, err := s.Files.Upload(ctx, call, string(in.BucketID), files.NewFile{ID: string(in.FileID), Folder: string(in.Folder), Permissions: set}, r)
	if err != nil {
		return model.File{}, err
	}
	call.Reply.Status = status
	return file.Model(b.ID)
}

// missing is the error of an upload without a file, to a bucket that may not be
// there.
func (s *Service) missing(ctx context.Context, call *api.Call, in createFileParams) error {
	_, err := api.Read(ctx, call, func(tx store.Tx) (api.None, error) {
		b, err := files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
		if err == nil && !b.Allows(perm.Create, &call.Actor) {
			err = apierr.UserUnauthorized
		}
		return api.None{}, err
	})
	if err != nil {
		return err
	}
	return apierr.FileEmpty
}

// permissions are those that a client asks for, or what a user gets without
// asking. Nobody gives what they do not have.
func permissions(call *api.Call, asked opt.Value[api.RowPermissions]) (perm.Set, error) {
	switch {
	case asked.Set():
		set := perm.New(asked.V, perm.Row)
		if !call.Actor.Server() {
			if err := set.CheckGrant(call.Actor.Roles); err != nil {
				return set, apierr.UserUnauthorized.Detail("%s", err)
			}
		}
		return set, nil
	case !call.Actor.Server() && call.Actor.User != nil:
		return perm.ForUser(call.Actor.UserID()), nil
	}
	return perm.Set{}, nil
}

type fileParams struct {
	BucketID api.ID `param:"bucketId"`
	FileID   api.ID `param:"fileId"`
}

func (s *Service) getFile(ctx context.Context, call *api.Call, in fileParams) (model.File, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.File, error) {
		b, file, err := files.Get(ctx, tx, &call.Actor, string(in.BucketID), string(in.FileID))
		if err != nil {
			return model.File{}, err
		}
		return file.Model(b.ID)
	})
}

type updateFileParams struct {
	BucketID    api.ID                        `param:"bucketId"`
	FileID      api.ID                        `param:"fileId"`
	Name        opt.Value[string]             `param:"name" max:"128" null:"false" doc:"Name of the file."`
	Permissions opt.Value[api.RowPermissions] `param:"permissions"`
}

func (s *Service) updateFile(ctx context.Context, call *api.Call, in updateFileParams) (model.File, error) {
	var set *perm.Set
	if in.Permissions.Set() {
		asked, err := permissions(call, in.Permissions)
		if err != nil {
			return model.File{}, err
		}
		set = &asked
	}
	m, err := api.Write(ctx, call, func(tx store.Tx) (model.File, error) {
		b, file, err := files.GetToChange(ctx, tx, &call.Actor, string(in.BucketID), string(in.FileID), perm.Update)
		if err != nil {
			return model.File{}, err
		}
		if err := file.Update(ctx, tx, in.Name.Or(file.Name), set, call.Micros()); err != nil {
			return model.File{}, err
		}
		return file.Model(b.ID)
	})
	if err == nil && set != nil {
		err = s.Cache.Drop(ctx, call.Project.ID, cacheGroup(string(in.BucketID), string(in.FileID)))
	}
	return m, err
}

func (s *Service) deleteFile(ctx context.Context, call *api.Call, in fileParams) (api.None, error) {
	if _, err := s.Files.Delete(ctx, call, string(in.BucketID), string(in.FileID)); err != nil {
		return api.None{}, err
	}
	return api.None{}, s.Cache.Drop(ctx, call.Project.ID, cacheGroup(string(in.BucketID), string(in.FileID)))
}

// cacheGroup names what is made of a file.
func cacheGroup(bucketID, fileID string) string { return "file/" + bucketID + "/" + fileID }

package users

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/password"
)

// imported adds a user whose password another program has hashed.
func (s *Service) imported(ctx context.Context, call *api.Call, in importParams, o password.Options) (model.User, error) {
	hash := password.Hash{Text: string(in.Password), Options: o}
	if err := hash.CheckCost(); err != nil {
		return model.User{}, api.Invalid("password", api.Reject("Value must be a hash that can be verified at a reasonable cost."))
	}
	r := users.NewUser(string(in.UserID), call.Micros())
	r.Name = in.Name
	r.SetEmail(string(in.Email))
	return s.add(ctx, call, r, hash)
}

// importParams is what every import has.
type importParams struct {
	UserID   api.NewID
	Email    api.Email
	Password api.Password
	Name     string
}

type plainParams struct {
	UserID   api.NewID    `param:"userId"`
	Email    api.Email    `param:"email"`
	Password api.Password `param:"password" doc:"The hash."`
	Name     string       `param:"name" max:"128" default:"\"\""`
}

// plain is an import of an algorithm whose hash says all.
func (s *Service) plain(o password.Options) func(context.Context, *api.Call, plainParams) (model.User, error) {
	return func(ctx context.Context, call *api.Call, in plainParams) (model.User, error) {
		if o.Type == password.Argon2 {
			return s.imported(ctx, call, importParams(in), password.ArgonOptions(string(in.Password)))
		}
		return s.imported(ctx, call, importParams(in), o)
	}
}

type shaParams struct {
	UserID   api.NewID    `param:"userId"`
	Email    api.Email    `param:"email"`
	Password api.Password `param:"password" doc:"The hash, in hex."`
	Version  string       `param:"passwordVersion" oneof:"sha1,sha224,sha256,sha384,sha512/224,sha512/256,sha512,sha3-224,sha3-256,sha3-384,sha3-512" fold:"true" default:"\"\""`
	Name     string       `param:"name" max:"128" default:"\"\""`
}

func (s *Service) createSHAUser(ctx context.Context, call *api.Call, in shaParams) (model.User, error) {
	version := in.Version
	if version == "" {
		version = password.DefaultSHA
	}
	return s.imported(ctx, call, importParams{in.UserID, in.Email, in.Password, in.Name}, password.Options{Type: password.SHA, Version: version})
}

type scryptParams struct {
	UserID   api.NewID    `param:"userId"`
	Email    api.Email    `param:"email"`
	Password api.Password `param:"password" doc:"The hash, in hex."`
	Salt     string       `param:"passwordSalt" max:"128"`
	CPU      int32        `param:"passwordCpu"`
	Memory   int32        `param:"passwordMemory"`
	Parallel int32        `param:"passwordParallel"`
	Length   int32        `param:"passwordLength"`
	Name     string       `param:"name" max:"128" default:"\"\""`
}

func (s *Service) createScryptUser(ctx context.Context, call *api.Call, in scryptParams) (model.User, error) {
	return s.imported(ctx, call, importParams{in.UserID, in.Email, in.Password, in.Name}, password.Options{
		Type: password.Scrypt, Salt: in.Salt, CostCPU: int(in.CPU), CostMemory: int(in.Memory), CostParallel: int(in.Parallel), Length: int(in.Length),
	})
}

type scryptModParams struct {
	UserID    api.NewID    `param:"userId"`
	Email     api.Email    `param:"email"`
	Password  api.Password `param:"password" doc:"The hash, in base64."`
	Salt      string       `param:"passwordSalt" max:"128"`
	Separator string       `param:"passwordSaltSeparator" max:"128"`
	Signer    string       `param:"passwordSignerKey" max:"128"`
	Name      string       `param:"name" max:"128" default:"\"\""`
}

func (s *Service) createScryptModifiedUser(ctx context.Context, call *api.Call, in scryptModParams) (model.User, error) {
	return s.imported(ctx, call, importParams{in.UserID, in.Email, in.Password, in.Name}, password.Options{
		Type: password.ScryptMod, Salt: in.Salt, SaltSeparator: in.Separator, SignerKey: in.Signer,
	})
}

func (s *Service) imports() []api.Endpoint {
	importSpec := func(name, path, summary string) api.Spec {
		return spec(api.Spec{
			Name: "users.create" + name + "User", Method: "POST", Path: "/v1/users/" + path, Status: 201, Model: "user",
			Summary: summary, Event: "users.[userId].create",
			Audit: api.Audit{Event: "user.create", Resource: "user/{userId}"},
		})
	}
	return []api.Endpoint{
		api.New(importSpec("Argon2", "argon2", "Import a user whose password is hashed with Argon2."), s.plain(password.Options{Type: password.Argon2})),
		api.New(importSpec("Bcrypt", "bcrypt", "Import a user whose password is hashed with bcrypt."), s.plain(password.Options{Type: password.Bcrypt})),
		api.New(importSpec("MD5", "md5", "Import a user whose password is hashed with MD5."), s.plain(password.Options{Type: password.MD5})),
		api.New(importSpec("PHPass", "phpass", "Import a user whose password is hashed with phpass."), s.plain(password.Options{Type: password.PHPass})),
		api.New(importSpec("SHA", "sha", "Import a user whose password is hashed with a member of the SHA family."), s.createSHAUser),
		api.New(importSpec("Scrypt", "scrypt", "Import a user whose password is hashed with scrypt."), s.createScryptUser),
		api.New(importSpec("ScryptModified", "scrypt-modified", "Import a user whose password is hashed as Firebase does it."), s.createScryptModifiedUser),
	}
}

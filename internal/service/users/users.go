// Package users serves a project's users to its servers and admins.
package users

import (
	"context"
	"encoding/json"
	"slices"

	"moorfast/internal/api"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/teams"
	"moorfast/internal/core/users"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/password"
	"moorfast/internal/store"
)

// Tokens hands out the keys that tokens are signed with.
type Tokens interface {
	TokenKey(project, typ string) ([]byte, error)
}

// Service serves the users endpoints.
type Service struct {
	Users     *users.Users
	Teams     *teams.Teams
	Passwords users.Passwords
	Tokens    Tokens
}

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	return slices.Concat(s.accounts(), s.imports(), s.changes(), s.sessions(), s.factors(), s.belongings())
}

const servers = identity.Key | identity.Admin

// onProject keeps these endpoints away from the console's own accounts: there, an
// owner of any organization has the scopes of an admin.
var onProject = api.Rules{Where: api.ProjectOnly}

func spec(e api.Spec) api.Spec {
	e.Auth, e.Rules = servers, onProject
	if e.Scopes == nil {
		e.Scopes = []string{"users.write"}
		if e.Method == "GET" {
			e.Scopes = []string{"users.read"}
		}
	}
	return e
}

type userParams struct {
	UserID api.ID `param:"userId"`
}

// change changes a user, and returns him.
func (s *Service) change(ctx context.Context, call *api.Call, id api.ID, fn func(tx store.Tx, r *users.User) error) (model.User, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.User, error) {
		r, err := s.Users.Get(ctx, tx, string(id))
		if err != nil {
			return model.User{}, err
		}
		if err := fn(tx, r); err != nil {
			return model.User{}, err
		}
		return s.model(ctx, tx, r)
	})
}

func (s *Service) model(ctx context.Context, tx store.Tx, r *users.User) (model.User, error) {
	targets, err := s.Users.Targets(ctx, tx, r.ID)
	if err != nil {
		return model.User{}, err
	}
	return r.Model(targets[r.ID])
}

type createParams struct {
	UserID   api.NewID            `param:"userId"`
	Email    opt.Value[api.Email] `param:"email"`
	Phone    opt.Value[api.Phone] `param:"phone"`
	Password api.Password         `param:"password" default:"\"\""`
	Name     string               `param:"name" max:"128" default:"\"\""`
}

func (s *Service) create(ctx context.Context, call *api.Call, in createParams) (model.User, error) {
	r := users.NewUser(string(in.UserID), call.Micros())
	r.Name = in.Name
	r.SetEmail(string(in.Email.V))
	r.SetPhone(string(in.Phone.V))
	var hash password.Hash
	if in.Password != "" {
		var err error
		if hash, err = s.Passwords.New(ctx, call.Project.Auths, string(in.Password), r); err != nil {
			return model.User{}, err
		}
	}
	return s.add(ctx, call, r, hash)
}

// add adds a user with the password that a hash is of, or with none.
func (s *Service) add(ctx context.Context, call *api.Call, r *users.User, hash password.Hash) (model.User, error) {
	if !hash.IsZero() {
		if err := r.SetPassword(hash, call.Project.Auths.PasswordHistory, call.Micros()); err != nil {
			return model.User{}, err
		}
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.User, error) {
		if err := s.Users.Insert(ctx, tx, r); err != nil {
			return model.User{}, err
		}
		return s.model(ctx, tx, r)
	})
}

func (s *Service) get(ctx context.Context, call *api.Call, in userParams) (model.User, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.User, error) {
		r, err := s.Users.Get(ctx, tx, string(in.UserID))
		if err != nil {
			return model.User{}, err
		}
		return s.model(ctx, tx, r)
	})
}

type listParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" max:"256" default:"\"\""`
	Total   bool        `param:"total" default:"true"`
}

func (p listParams) page() listing.Page {
	return listing.Page{Queries: p.Queries, Search: p.Search, NoTotal: !p.Total}
}

func (s *Service) list(ctx context.Context, call *api.Call, in listParams) (model.UserList, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.UserList, error) {
		rows, total, err := listing.Read[users.User](ctx, tx, users.List, in.page())
		if err != nil {
			return model.UserList{}, err
		}
		ids := make([]string, len(rows))
		for i := range rows {
			ids[i] = rows[i].ID
		}
		targets, err := s.Users.Targets(ctx, tx, ids...)
		if err != nil {
			return model.UserList{}, err
		}
		models := make([]model.User, len(rows))
		for i := range rows {
			if models[i], err = rows[i].Model(targets[ids[i]]); err != nil {
				return model.UserList{}, err
			}
		}
		return model.UserList{Total: total, Users: models}, nil
	})
}

func (s *Service) delete(ctx context.Context, call *api.Call, in userParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Users.Delete(ctx, tx, string(in.UserID))
	})
}

func (s *Service) getPrefs(ctx context.Context, call *api.Call, in userParams) (api.Document, error) {
	return api.Read(ctx, call, func(tx store.Tx) (api.Document, error) {
		r, err := s.Users.Get(ctx, tx, string(in.UserID))
		if err != nil {
			return nil, err
		}
		return api.Document(r.Prefs), nil
	})
}

type prefsParams struct {
	UserID api.ID    `param:"userId"`
	Prefs  api.Prefs `param:"prefs"`
}

func (s *Service) updatePrefs(ctx context.Context, call *api.Call, in prefsParams) (api.Document, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.Document, error) {
		r, err := s.Users.Get(ctx, tx, string(in.UserID))
		if err != nil {
			return nil, err
		}
		r.Prefs = json.RawMessage(in.Prefs.Object)
		return api.Document(r.Prefs), s.Users.Update(ctx, tx, r, "prefs")
	})
}

type nameParams struct {
	UserID api.ID `param:"userId"`
	Name   string `param:"name" min:"0" max:"128"`
}

func (s *Service) updateName(ctx context.Context, call *api.Call, in nameParams) (model.User, error) {
	return s.change(ctx, call, in.UserID, func(tx store.Tx, r *users.User) error {
		r.Name = in.Name
		return s.Users.Update(ctx, tx, r, "name")
	})
}

type emailParams struct {
	UserID api.ID            `param:"userId"`
	Email  api.OptionalEmail `param:"email"`
}

func (s *Service) updateEmail(ctx context.Context, call *api.Call, in emailParams) (model.User, error) {
	return s.change(ctx, call, in.UserID, func(tx store.Tx, r *users.User) error {
		return s.Users.ChangeEmail(ctx, tx, r, string(in.Email))
	})
}

type phoneParams struct {
	UserID api.ID            `param:"userId"`
	Number api.OptionalPhone `param:"number"`
}

func (s *Service) updatePhone(ctx context.Context, call *api.Call, in phoneParams) (model.User, error) {
	return s.change(ctx, call, in.UserID, func(tx store.Tx, r *users.User) error {
		return s.Users.ChangePhone(ctx, tx, r, string(in.Number))
	})
}

// optionalPassword is an [api.Password] that may be empty.
type optionalPassword string

// Check allows passwords, and nothing.
func (s optionalPassword) Check() error {
	if s == "" {
		return nil
	}
	return api.Password(s).Check()
}

type passwordParams struct {
	UserID   api.ID           `param:"userId"`
	Password optionalPassword `param:"password"`
}

// updatePassword sets a user's password, or takes it away where it is empty.
func (s *Service) updatePassword(ctx context.Context, call *api.Call, in passwordParams) (model.User, error) {
	var hash password.Hash
	if in.Password != "" {
		r, err := api.Read(ctx, call, func(tx store.Tx) (*users.User, error) { return s.Users.Get(ctx, tx, string(in.UserID)) })
		if err != nil {
			return model.User{}, err
		}
		if hash, err = s.Passwords.New(ctx, call.Project.Auths, string(in.Password), r); err != nil {
			return model.User{}, err
		}
	}
	return s.change(ctx, call, in.UserID, func(tx store.Tx, r *users.User) error {
		return s.Users.ChangePassword(ctx, tx, call.Project.Auths, r, hash, "")
	})
}

type labelsParams struct {
	UserID api.ID      `param:"userId"`
	Labels []api.Label `param:"labels" max:"1000"`
}

func (s *Service) updateLabels(ctx context.Context, call *api.Call, in labelsParams) (model.User, error) {
	return s.change(ctx, call, in.UserID, func(tx store.Tx, r *users.User) error {
		r.Labels = []string{}
		for _, l := range in.Labels {
			if !slices.Contains(r.Labels, string(l)) {
				r.Labels = append(r.Labels, string(l))
			}
		}
		return s.Users.Update(ctx, tx, r, "labels")
	})
}

// These switch something of a user on or off.

type statusParams struct {
	UserID api.ID `param:"userId"`
	Status bool   `param:"status" loose:"true"`
}

func (s *Service) updateStatus(ctx context.Context, call *api.Call, in statusParams) (model.User, error) {
	return s.turn(ctx, call, in.UserID, "status", func(r *users.User) { r.Active = in.Status })
}

type emailVerificationParams struct {
	UserID   api.ID `param:"userId"`
	Verified bool   `param:"emailVerification"`
}

func (s *Service) updateEmailVerification(ctx context.Context, call *api.Call, in emailVerificationParams) (model.User, error) {
	return s.turn(ctx, call, in.UserID, "email_verification", func(r *users.User) { r.EmailVerified = in.Verified })
}

type phoneVerificationParams struct {
	UserID   api.ID `param:"userId"`
	Verified bool   `param:"phoneVerification"`
}

func (s *Service) updatePhoneVerification(ctx context.Context, call *api.Call, in phoneVerificationParams) (model.User, error) {
	return s.turn(ctx, call, in.UserID, "phone_verification", func(r *users.User) { r.PhoneVerified = in.Verified })
}

type mfaParams struct {
	UserID api.ID `param:"userId"`
	MFA    bool   `param:"mfa"`
}

func (s *Service) updateMFA(ctx context.Context, call *api.Call, in mfaParams) (model.User, error) {
	return s.turn(ctx, call, in.UserID, "mfa", func(r *users.User) { r.MFA = in.MFA })
}

type impersonatorParams struct {
	UserID       api.ID `param:"userId"`
	Impersonator bool   `param:"impersonator" loose:"true"`
}

func (s *Service) updateImpersonator(ctx context.Context, call *api.Call, in impersonatorParams) (model.User, error) {
	return s.turn(ctx, call, in.UserID, "impersonator", func(r *users.User) { r.Impersonator = in.Impersonator })
}

func (s *Service) turn(ctx context.Context, call *api.Call, id api.ID, column string, set func(*users.User)) (model.User, error) {
	return s.change(ctx, call, id, func(tx store.Tx, r *users.User) error {
		set(r)
		return s.Users.Update(ctx, tx, r, column)
	})
}

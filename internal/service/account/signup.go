package account

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
)

type createParams struct {
	UserID   api.NewID    `param:"userId"`
	Email    api.Email    `param:"email"`
	Password api.Password `param:"password"`
	Name     string       `param:"name" max:"128" default:"\"\"" doc:"Name of the user."`
}

func (s *Service) create(ctx context.Context, call *api.Call, in createParams) (model.Account, error) {
	r := users.NewUser(string(in.UserID), call.Micros())
	r.Name = in.Name
	r.SetEmail(string(in.Email))
	if call.Project.IsConsole() {
		if err := s.Console.SignUp(person(call, r)); err != nil {
			return model.Account{}, err
		}
		if s.Console.RootOnly() {
			// One at a time, so that those who come late are told before the slow
			// work. What decides is the claim, which holds between processes too.
			s.root.Lock()
			defer s.root.Unlock()
		}
	}
	if err := s.room(ctx, call, r); err != nil {
		return model.Account{}, err
	}
	hash, err := s.Passwords.New(ctx, call.Project.Auths, string(in.Password), r)
	if err != nil {
		return model.Account{}, err
	}
	if err := r.SetPassword(hash, call.Project.Auths.PasswordHistory, call.Micros()); err != nil {
		return model.Account{}, err
	}
	made, err := api.Write(ctx, call, func(tx store.Tx) (model.Account, error) {
		if err := s.admit(ctx, tx, call, r, apierr.UserConsoleCountExceeded); err != nil {
			return model.Account{}, err
		}
		return s.model(ctx, tx, call, r)
	})
	if call.Project.IsConsole() {
		s.Console.Made(r.ID, err == nil)
	}
	return made, err
}

// room refuses, before the slow work, a user for whom there is no room.
func (s *Service) room(ctx context.Context, call *api.Call, r *users.User) error {
	_, err := api.Read(ctx, call, func(tx store.Tx) (api.None, error) {
		if call.Project.IsConsole() && s.Console.RootOnly() {
			claimed, err := s.Users.Claimed(ctx, tx)
			if err != nil || !claimed {
				return api.None{}, err
			}
			return api.None{}, apierr.UserConsoleCountExceeded
		}
		if err := s.underLimit(ctx, tx, call); err != nil {
			return api.None{}, err
		}
		return api.None{}, s.free(ctx, tx, r)
	})
	return err
}

// free refuses an address that another user has at a provider.
func (s *Service) free(ctx context.Context, tx store.Tx, r *users.User) error {
	err := s.Users.FreeEmail(ctx, tx, r.ID, r.EmailText())
	if errors.Is(err, apierr.UserEmailAlreadyExists) {
		return apierr.BadRequest.Because(err)
	}
	return err
}

func (s *Service) underLimit(ctx context.Context, tx store.Tx, call *api.Call) error {
	limit := call.Project.Auths.UserLimit
	if limit <= 0 || call.Project.IsConsole() {
		return nil
	}
	n, err := s.Users.Count(ctx, tx, limit)
	if err != nil || n < limit {
		return err
	}
	return apierr.UserCountExceeded
}

// admit adds a new user who came by himself, within the limits on how many
// there may be. Every path of this service that makes a user ends here. late is
// what the console answers to who comes after its root.
func (s *Service) admit(ctx context.Context, tx store.Tx, call *api.Call, r *users.User, late error) error {
	if call.Project.IsConsole() {
		err := s.Users.Claim(ctx, tx, r.ID, s.Console.RootOnly())
		if errors.Is(err, apierr.UserConsoleCountExceeded) {
			return late
		}
		if err == nil {
			err = s.Console.Take(person(call, r), r.ID)
		}
		if err != nil {
			return err
		}
	}
	if err := s.underLimit(ctx, tx, call); err != nil {
		return err
	}
	if err := s.free(ctx, tx, r); err != nil {
		return err
	}
	return s.Users.Insert(ctx, tx, r)
}

package account

import (
	"context"
	"encoding/json"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/password"
	"moorfast/internal/store"
)

func (s *Service) get(ctx context.Context, call *api.Call, _ none) (model.Account, error) {
	id, err := me(call)
	if err != nil {
		return model.Account{}, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (model.Account, error) {
		r, err := s.Users.Profile(ctx, tx, id)
		if err != nil {
			return model.Account{}, err
		}
		return s.model(ctx, tx, call, r)
	})
}

func (s *Service) delete(ctx context.Context, call *api.Call, _ none) (api.None, error) {
	id, err := me(call)
	if err != nil {
		return api.None{}, err
	}
	// An organization without its people would be left to nobody.
	if call.Project.IsConsole() && len(call.Actor.User.Memberships) > 0 {
		return api.None{}, apierr.UserDeletionProhibited
	}
	_, err = api.Write(ctx, call, func(tx store.Tx) (api.None, error) { return api.None{}, s.Users.Delete(ctx, tx, id) })
	if err == nil {
		call.ClearSession()
	}
	return api.None{}, err
}

type nameParams struct {
	Name string `param:"name" max:"128"`
}

func (s *Service) updateName(ctx context.Context, call *api.Call, in nameParams) (model.Account, error) {
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		r.Name = in.Name
		return s.Users.Update(ctx, tx, r, "name")
	})
}

func (s *Service) getPrefs(ctx context.Context, call *api.Call, _ none) (api.Document, error) {
	id, err := me(call)
	if err != nil {
		return nil, err
	}
	return api.Read(ctx, call, func(tx store.Tx) (api.Document, error) {
		r, err := s.Users.Profile(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return api.Document(r.Prefs), nil
	})
}

type prefsParams struct {
	Prefs api.Prefs `param:"prefs"`
}

func (s *Service) updatePrefs(ctx context.Context, call *api.Call, in prefsParams) (model.Account, error) {
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		r.Prefs = json.RawMessage(in.Prefs.Object)
		return s.Users.Update(ctx, tx, r, "prefs")
	})
}

// updateStatus blocks the caller. He cannot undo it; an admin can.
func (s *Service) updateStatus(ctx context.Context, call *api.Call, _ none) (model.Account, error) {
	a, err := s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		r.Active = false
		return s.Users.Update(ctx, tx, r, "status")
	})
	if err == nil {
		call.ClearSession()
	}
	return a, err
}

// proof is what a user has shown to change what he signs in with: his password,
// or where he had none, the one that becomes his.
type proof struct {
	was  *int64        // when the password was last set, as the proof found it
	next password.Hash // zero where there is nothing to write
	set  bool          // next is a first password
}

// prove verifies the caller's password, outside of any transaction. Who has none
// gets it, which is how an anonymous user becomes one who can come back.
func (s *Service) prove(ctx context.Context, call *api.Call, plain string, become func(*users.User)) (p proof, err error) {
	r, err := s.myself(ctx, call)
	if err != nil {
		return p, err
	}
	p.was = r.PasswordUpdate
	if r.Password.Set() {
		p.next, err = s.Passwords.Verify(ctx, r, plain)
		return p, err
	}
	become(r)
	p.set = true
	p.next, err = s.Passwords.New(ctx, call.Project.Auths, plain, r)
	return p, err
}

// apply writes what came of a proof. It fails where the password was set in the
// meantime: what was proved is no longer so.
func (s *Service) apply(ctx context.Context, tx store.Tx, call *api.Call, r *users.User, p proof) error {
	switch {
	case !same(p.was, r.PasswordUpdate):
		return apierr.UserInvalidCredentials
	case p.next.IsZero():
		return nil
	case !p.set:
		r.Rehash(p.next)
		return s.Users.Update(ctx, tx, r, "password")
	}
	return s.Users.ChangePassword(ctx, tx, call.Project.Auths, r, p.next, call.Actor.SessionID)
}

func same(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

type emailParams struct {
	Email    api.Email    `param:"email"`
	Password api.Password `param:"password"`
}

func (s *Service) updateEmail(ctx context.Context, call *api.Call, in emailParams) (model.Account, error) {
	address := string(in.Email)
	become := func(r *users.User) { r.SetEmail(address) }
	proof, err := s.prove(ctx, call, string(in.Password), become)
	if err != nil {
		return model.Account{}, err
	}
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		if err := s.apply(ctx, tx, call, r, proof); err != nil {
			return err
		}
		if call.Project.IsConsole() {
			next := *r
			become(&next)
			if err := s.Console.ChangeEmail(person(call, &next)); err != nil {
				return err
			}
		}
		err := s.Users.ChangeEmail(ctx, tx, r, address)
		if errors.Is(err, apierr.UserEmailAlreadyExists) {
			return apierr.BadRequest.Because(err)
		}
		return err
	})
}

type phoneParams struct {
	Phone    api.Phone    `param:"phone"`
	Password api.Password `param:"password"`
}

func (s *Service) updatePhone(ctx context.Context, call *api.Call, in phoneParams) (model.Account, error) {
	number := string(in.Phone)
	become := func(r *users.User) { r.SetPhone(number) }
	proof, err := s.prove(ctx, call, string(in.Password), become)
	if err != nil {
		return model.Account{}, err
	}
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error {
		if err := s.apply(ctx, tx, call, r, proof); err != nil {
			return err
		}
		return s.Users.ChangePhone(ctx, tx, r, number)
	})
}

type passwordParams struct {
	Password    api.Password `param:"password"`
	OldPassword string       `param:"oldPassword" min:"0" max:"256" default:"\"\"" doc:"The password that it replaces; a user without one leaves it out."`
}

func (s *Service) updatePassword(ctx context.Context, call *api.Call, in passwordParams) (model.Account, error) {
	r, err := s.myself(ctx, call)
	if err != nil {
		return model.Account{}, err
	}
	if r.Password.Set() {
		if _, err := s.Passwords.Verify(ctx, r, in.OldPassword); err != nil {
			return model.Account{}, err
		}
	}
	hash, err := s.Passwords.New(ctx, call.Project.Auths, string(in.Password), r)
	if err != nil {
		return model.Account{}, err
	}
	proved := proof{was: r.PasswordUpdate, next: hash, set: true}
	return s.change(ctx, call, func(tx store.Tx, r *users.User) error { return s.apply(ctx, tx, call, r, proved) })
}

package users

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
)

func (s *Service) listFactors(ctx context.Context, call *api.Call, in userParams) (model.MFAFactors, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.MFAFactors, error) {
		r, err := s.Users.Get(ctx, tx, string(in.UserID))
		if err != nil {
			return model.MFAFactors{}, err
		}
		f, err := s.Users.Factors(ctx, tx, r)
		f.RecoveryCode = false // the contract has the user see these only
		return f.Model(false), err
	})
}

type authenticatorParams struct {
	UserID api.ID `param:"userId"`
	Type   string `param:"type" oneof:"totp" fold:"true"`
}

func (s *Service) deleteAuthenticator(ctx context.Context, call *api.Call, in authenticatorParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return api.None{}, err
		}
		a, err := s.Users.Authenticator(ctx, tx, string(in.UserID))
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.DeleteAuthenticator(ctx, tx, a)
	})
}

func (s *Service) getRecoveryCodes(ctx context.Context, call *api.Call, in userParams) (model.MFARecoveryCodes, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.MFARecoveryCodes, error) {
		r, err := s.Users.Get(ctx, tx, string(in.UserID))
		if err != nil {
			return model.MFARecoveryCodes{}, err
		}
		return r.CodesModel()
	})
}

func (s *Service) createRecoveryCodes(ctx context.Context, call *api.Call, in userParams) (model.MFARecoveryCodes, error) {
	return s.newCodes(ctx, call, in.UserID, func(had bool) error {
		if had {
			return apierr.UserRecoveryCodesExist
		}
		return nil
	})
}

func (s *Service) updateRecoveryCodes(ctx context.Context, call *api.Call, in userParams) (model.MFARecoveryCodes, error) {
	return s.newCodes(ctx, call, in.UserID, func(had bool) error {
		if !had {
			return apierr.UserRecoveryCodesNotFound
		}
		return nil
	})
}

func (s *Service) newCodes(ctx context.Context, call *api.Call, id api.ID, may func(had bool) error) (model.MFARecoveryCodes, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.MFARecoveryCodes, error) {
		r, err := s.Users.Get(ctx, tx, string(id))
		if err != nil {
			return model.MFARecoveryCodes{}, err
		}
		had, err := r.Codes()
		if err != nil {
			return model.MFARecoveryCodes{}, err
		}
		if err := may(len(had) > 0); err != nil {
			return model.MFARecoveryCodes{}, err
		}
		codes, err := s.Users.NewCodes(ctx, tx, r)
		return model.MFARecoveryCodes{RecoveryCodes: codes}, err
	})
}

type challengeParams struct {
	UserID      api.ID `param:"userId"`
	ChallengeID string `param:"challengeId" max:"256"`
}

// getChallenge shows the code of a challenge that a server is to deliver.
func (s *Service) getChallenge(ctx context.Context, call *api.Call, in challengeParams) (model.MFAChallengeSecret, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.MFAChallengeSecret, error) {
		if _, err := s.Users.Get(ctx, tx, string(in.UserID)); err != nil {
			return model.MFAChallengeSecret{}, err
		}
		c, err := s.Users.Challenge(ctx, tx, string(in.UserID), in.ChallengeID)
		if err != nil {
			return model.MFAChallengeSecret{}, err
		}
		if c.Factor != users.FactorCustom {
			return model.MFAChallengeSecret{}, apierr.UserInvalidToken
		}
		return model.MFAChallengeSecret{MFAChallenge: c.Model(), Code: c.Code.Reveal()}, nil
	})
}

func (s *Service) factors() []api.Endpoint {
	const codes = user + "/mfa/recovery-codes"
	return []api.Endpoint{
		api.New(spec(api.Spec{
			Name: "users.updateMfa", Methods: []string{"users.updateMFA"}, Method: "PATCH", Path: user + "/mfa", Model: "user",
			Summary: "Ask a user for a second factor at each sign-in, or not.",
			Event:   "users.[userId].update.mfa", Audit: updated,
		}), s.updateMFA),
		api.New(spec(api.Spec{
			Name: "users.listMfaFactors", Methods: []string{"users.listMFAFactors"}, Method: "GET", Path: user + "/mfa/factors", Model: "mfaFactors",
			Summary: "List the factors that a user has set up.",
		}), s.listFactors),
		api.New(spec(api.Spec{
			Name: "users.deleteMfaAuthenticator", Methods: []string{"users.deleteMFAAuthenticator"}, Method: "DELETE", Path: user + "/mfa/authenticators/{type}",
			Summary: "Remove a user's authenticator.",
			Event:   "users.[userId].delete.mfa", Audit: updated,
		}), s.deleteAuthenticator),
		api.New(spec(api.Spec{
			Name: "users.getMFAChallenge", Method: "GET", Path: user + "/mfa/challenges/{challengeId}", Model: "mfaChallengeSecret",
			Summary: "Get the code of a challenge, to deliver it to the user.",
		}), s.getChallenge),
		api.New(spec(api.Spec{
			Name: "users.getMfaRecoveryCodes", Methods: []string{"users.getMFARecoveryCodes"}, Method: "GET", Path: codes, Model: "mfaRecoveryCodes",
			Summary: "Show a user's recovery codes.",
		}), s.getRecoveryCodes),
		api.New(spec(api.Spec{
			Name: "users.createMfaRecoveryCodes", Methods: []string{"users.createMFARecoveryCodes"}, Method: "PATCH", Path: codes, Status: 201, Model: "mfaRecoveryCodes",
			Summary: "Make recovery codes for a user.",
			Event:   "users.[userId].create.mfa.recovery-codes", Audit: updated,
		}), s.createRecoveryCodes),
		api.New(spec(api.Spec{
			Name: "users.updateMfaRecoveryCodes", Methods: []string{"users.updateMFARecoveryCodes"}, Method: "PUT", Path: codes, Model: "mfaRecoveryCodes",
			Summary: "Make other recovery codes for a user.",
			Event:   "users.[userId].update.mfa.recovery-codes", Audit: updated,
		}), s.updateRecoveryCodes),
	}
}

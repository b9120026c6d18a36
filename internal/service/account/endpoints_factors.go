package account

import "moorfast/internal/api"

func (s *Service) factors() []api.Endpoint {
	const authenticator = "/v1/account/mfa/authenticators/{type}"
	const challenges, codes = "/v1/account/mfa/challenges", "/v1/account/mfa/recovery-codes"
	const updated = "users.[userId].update.mfa"
	return []api.Endpoint{
		api.New(own(api.Spec{
			Name: "account.updateMFA", Method: "PATCH", Path: "/v1/account/mfa", Model: "account",
			Summary: "Ask for a second factor at each sign-in, or not.",
			Rules:   api.Rules{Sensitive: true, Enrol: true},
			Event:   updated, Audit: audit,
		}), s.updateMFA),
		api.New(own(api.Spec{
			Name: "account.createMfaAuthenticator", Methods: []string{"account.createMFAAuthenticator"}, Method: "POST", Path: authenticator, Model: "mfaType",
			Summary: "Set up an app that makes one-time codes.",
			Rules:   api.Rules{Sensitive: true, Enrol: true},
			Event:   updated, Audit: audit,
		}), s.createAuthenticator),
		api.New(own(api.Spec{
			Name: "account.updateMfaAuthenticator", Methods: []string{"account.updateMFAAuthenticator"}, Method: "PUT", Path: authenticator, Model: "account",
			Summary: "Verify the app with one of its codes.", Rules: api.Rules{Enrol: true},
			Event: updated, Audit: audit,
		}), s.updateAuthenticator),
		api.New(own(api.Spec{
			Name: "account.deleteMfaAuthenticator", Methods: []string{"account.deleteMFAAuthenticator"}, Method: "DELETE", Path: authenticator,
			Summary: "Remove the app.", Rules: api.Rules{Sensitive: true, Challenged: true},
			Event: "users.[userId].delete.mfa", Audit: audit,
		}), s.deleteAuthenticator),
		api.New(own(api.Spec{
			Name: "account.createMfaChallenge", Methods: []string{"account.createMFAChallenge"}, Method: "POST",
			Path: challenges, Aliases: []string{"/v1/account/mfa/challenge"}, Status: 201, Model: "mfaChallenge",
			Summary: "Ask for a factor.", Rules: api.Rules{MFA: true},
			Event: "users.[userId].challenges.[challengeId].create",
			Audit: api.Audit{Event: "challenge.create", Resource: "user/{user.$id}"},
			Limit: api.Limit{N: 10, Keys: perUser},
		}), s.createChallenge),
		api.New(own(api.Spec{
			Name: "account.updateMfaChallenge", Methods: []string{"account.updateMFAChallenge"}, Method: "PUT",
			Path: challenges, Aliases: []string{"/v1/account/mfa/challenge"}, Model: "session",
			Summary: "Answer the question for a factor.", Rules: api.Rules{MFA: true, Proof: api.OfCaller},
			Event: sessionCreated,
			Audit: api.Audit{Event: "challenges.update", Resource: "user/{user.$id}"},
			Limit: api.Limit{N: 10, Keys: []string{"url:{url},challengeId:{param-challengeId}"}},
		}), s.updateChallenge),
		api.New(own(api.Spec{
			Name: "account.listMfaFactors", Methods: []string{"account.listMFAFactors"}, Method: "GET", Path: "/v1/account/mfa/factors", Model: "mfaFactors",
			Summary: "List the factors that the user has set up.", Rules: api.Rules{MFA: true},
		}), s.listFactors),
		api.New(own(api.Spec{
			Name: "account.getMfaRecoveryCodes", Methods: []string{"account.getMFARecoveryCodes"}, Method: "GET", Path: codes, Model: "mfaRecoveryCodes",
			Summary: "Show the user's recovery codes.", Rules: api.Rules{Sensitive: true, Challenged: true},
		}), s.getRecoveryCodes),
		api.New(own(api.Spec{
			Name: "account.createMfaRecoveryCodes", Methods: []string{"account.createMFARecoveryCodes"}, Method: "POST", Path: codes, Status: 201, Model: "mfaRecoveryCodes",
			Summary: "Make recovery codes.",
			Rules:   api.Rules{Sensitive: true, Enrol: true},
			Event:   updated, Audit: audit,
		}), s.createRecoveryCodes),
		api.New(own(api.Spec{
			Name: "account.updateMfaRecoveryCodes", Methods: []string{"account.updateMFARecoveryCodes"}, Method: "PATCH", Path: codes, Model: "mfaRecoveryCodes",
			Summary: "Make other recovery codes in place of those.", Rules: api.Rules{Sensitive: true, Challenged: true},
			Event: updated, Audit: audit,
		}), s.updateRecoveryCodes),
	}
}

package account

import (
	"time"

	"moorfast/internal/api"
)

const minute = time.Minute

// audit is the record of a change of the caller's account.
var audit = api.Audit{Event: "user.update", Resource: "user/{user.$id}"}

// own is what the endpoints for the caller's own account share.
func own(spec api.Spec) api.Spec {
	spec.Auth = clients
	if spec.Scopes == nil {
		spec.Scopes = []string{"account"}
	}
	return spec
}

var (
	perClient = []string{"url:{url},ip:{ip}"}
	perUser   = []string{"url:{url},userId:{userId}"}
)

func (s *Service) profile() []api.Endpoint {
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "account.create", Method: "POST", Path: "/v1/account", Status: 201, Model: "account",
			Summary: "Sign up with an e-mail address and a password.",
			Auth:    anyone, Scopes: []string{"sessions.write"}, Rules: api.Rules{AuthMethod: "emailPassword"},
			Event: "users.[userId].create",
			Audit: api.Audit{Event: "user.create", Resource: "user/{userId}"},
			Limit: api.Limit{N: 10, Keys: perClient},
		}, s.create),
		api.New(own(api.Spec{
			Name: "account.get", Method: "GET", Path: "/v1/account", Model: "account",
			Summary: "Get the signed-in user.", Rules: api.Rules{Enrol: true},
		}), s.get),
		api.New(own(api.Spec{
			Name: "account.delete", Method: "DELETE", Path: "/v1/account",
			Summary: "Delete the signed-in user, with all that is his.",
			Event:   "users.[userId].delete",
			Audit:   api.Audit{Event: "user.delete", Resource: "user/{user.$id}"},
		}), s.delete),
		api.New(own(api.Spec{
			Name: "account.updateName", Method: "PATCH", Path: "/v1/account/name", Model: "account",
			Summary: "Change the user's name.",
			Event:   "users.[userId].update.name", Audit: audit,
		}), s.updateName),
		api.New(own(api.Spec{
			Name: "account.updateEmail", Method: "PATCH", Path: "/v1/account/email", Model: "account",
			Summary: "Change the user's e-mail address. A user without a password gets the one that is sent.",
			Rules:   api.Rules{Sensitive: true, Proof: api.OfCaller},
			Event:   "users.[userId].update.email", Audit: audit,
		}), s.updateEmail),
		api.New(own(api.Spec{
			Name: "account.updatePhone", Method: "PATCH", Path: "/v1/account/phone", Model: "account",
			Summary: "Change the user's phone number. A user without a password gets the one that is sent.",
			Rules:   api.Rules{Sensitive: true, Proof: api.OfCaller},
			Event:   "users.[userId].update.phone", Audit: audit,
		}), s.updatePhone),
		api.New(own(api.Spec{
			Name: "account.updatePassword", Method: "PATCH", Path: "/v1/account/password", Model: "account",
			Summary: "Change the user's password.",
			Rules:   api.Rules{Sensitive: true, Proof: api.OfCaller},
			Event:   "users.[userId].update.password", Audit: audit,
			Limit: api.Limit{N: 10, Keys: perClient},
		}), s.updatePassword),
		api.New(own(api.Spec{
			Name: "account.getPrefs", Method: "GET", Path: "/v1/account/prefs", Model: "preferences",
			Summary: "Get the user's preferences.",
		}), s.getPrefs),
		api.New(own(api.Spec{
			Name: "account.updatePrefs", Method: "PATCH", Path: "/v1/account/prefs", Model: "account",
			Summary: "Replace the user's preferences.",
			Event:   "users.[userId].update.prefs", Audit: audit,
		}), s.updatePrefs),
		api.New(own(api.Spec{
			Name: "account.updateStatus", Method: "PATCH", Path: "/v1/account/status", Model: "account",
			Summary: "Block the user, who is signed out.",
			Event:   "users.[userId].update.status", Audit: audit,
		}), s.updateStatus),
	}
}

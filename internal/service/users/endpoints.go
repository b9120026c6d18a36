package users

import "moorfast/internal/api"

const user = "/v1/users/{userId}"

// updated is the record of a change of a user.
var updated = api.Audit{Event: "user.update", Resource: "user/{userId}"}

func (s *Service) accounts() []api.Endpoint {
	return []api.Endpoint{
		api.New(spec(api.Spec{
			Name: "users.create", Method: "POST", Path: "/v1/users", Status: 201, Model: "user",
			Summary: "Create a user.",
			Event:   "users.[userId].create", Audit: api.Audit{Event: "user.create", Resource: "user/{userId}"},
		}), s.create),
		api.New(spec(api.Spec{
			Name: "users.list", Method: "GET", Path: "/v1/users", Model: "userList",
			Summary: "List users.",
		}), s.list),
		api.New(spec(api.Spec{
			Name: "users.get", Method: "GET", Path: user, Model: "user",
			Summary: "Get a user.",
		}), s.get),
		api.New(spec(api.Spec{
			Name: "users.delete", Method: "DELETE", Path: user,
			Summary: "Delete a user, with all that is his.",
			Event:   "users.[userId].delete", Audit: api.Audit{Event: "user.delete", Resource: "user/{userId}"},
		}), s.delete),
	}
}

func (s *Service) changes() []api.Endpoint {
	verified := api.Audit{Event: "verification.update", Resource: "user/{userId}"}
	return []api.Endpoint{
		api.New(spec(api.Spec{
			Name: "users.updateName", Method: "PATCH", Path: user + "/name", Model: "user",
			Summary: "Change a user's name.",
			Event:   "users.[userId].update.name", Audit: updated,
		}), s.updateName),
		api.New(spec(api.Spec{
			Name: "users.updateEmail", Method: "PATCH", Path: user + "/email", Model: "user",
			Summary: "Change a user's e-mail address, or take it away.",
			Event:   "users.[userId].update.email", Audit: updated,
		}), s.updateEmail),
		api.New(spec(api.Spec{
			Name: "users.updatePhone", Method: "PATCH", Path: user + "/phone", Model: "user",
			Summary: "Change a user's phone number, or take it away.",
			Event:   "users.[userId].update.phone", Audit: updated,
		}), s.updatePhone),
		api.New(spec(api.Spec{
			Name: "users.updatePassword", Method: "PATCH", Path: user + "/password", Model: "user",
			Summary: "Change a user's password, or take it away.",
			Event:   "users.[userId].update.password", Audit: updated,
		}), s.updatePassword),
		api.New(spec(api.Spec{
			Name: "users.updateStatus", Method: "PATCH", Path: user + "/status", Model: "user",
			Summary: "Block a user, or let him in again.",
			Event:   "users.[userId].update.status", Audit: updated,
		}), s.updateStatus),
		api.New(spec(api.Spec{
			Name: "users.updateLabels", Method: "PUT", Path: user + "/labels", Model: "user",
			Summary: "Replace a user's labels.",
			Event:   "users.[userId].update.labels", Audit: updated,
		}), s.updateLabels),
		api.New(spec(api.Spec{
			Name: "users.getPrefs", Method: "GET", Path: user + "/prefs", Model: "preferences",
			Summary: "Get a user's preferences.",
		}), s.getPrefs),
		api.New(spec(api.Spec{
			Name: "users.updatePrefs", Method: "PATCH", Path: user + "/prefs", Model: "preferences",
			Summary: "Replace a user's preferences.",
			Event:   "users.[userId].update.prefs", Audit: updated,
		}), s.updatePrefs),
		api.New(spec(api.Spec{
			Name: "users.updateEmailVerification", Method: "PATCH", Path: user + "/verification", Model: "user",
			Summary: "Say whether a user's e-mail address is verified.",
			Event:   "users.[userId].update.verification", Audit: verified,
		}), s.updateEmailVerification),
		api.New(spec(api.Spec{
			Name: "users.updatePhoneVerification", Method: "PATCH", Path: user + "/verification/phone", Model: "user",
			Summary: "Say whether a user's phone number is verified.",
			Event:   "users.[userId].update.verification", Audit: verified,
		}), s.updatePhoneVerification),
		api.New(spec(api.Spec{
			Name: "users.updateImpersonator", Method: "PATCH", Path: user + "/impersonator", Model: "user",
			Summary: "Say whether a user may act as others.",
			Event:   "users.[userId].update.impersonator", Audit: updated,
		}), s.updateImpersonator),
	}
}

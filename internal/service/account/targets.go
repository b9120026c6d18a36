package account

import (
	"context"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/listing"
	"moorfast/internal/core/users"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/useragent"
)

type createTargetParams struct {
	TargetID   api.NewID `param:"targetId"`
	Identifier string    `param:"identifier" max:"255" doc:"Token of the device."`
	ProviderID api.ID    `param:"providerId" default:"\"\""`
}

// deviceName is how a push target is called: by the device of its app.
func deviceName(call *api.Call) string {
	info := useragent.Parse(call.Client.UserAgent)
	return strings.TrimSpace(info.DeviceBrand + " " + info.DeviceModel)
}

func (s *Service) createPushTarget(ctx context.Context, call *api.Call, in createTargetParams) (model.Target, error) {
	id, err := me(call)
	if err != nil {
		return model.Target{}, err
	}
	t := &users.Target{
		ID: string(in.TargetID), UserID: id, SessionID: call.Actor.SessionID,
		ProviderType: users.PushTarget, Identifier: in.Identifier, Name: deviceName(call),
	}
	if in.ProviderID != "" {
		t.ProviderID = (*string)(&in.ProviderID)
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Target, error) {
		err := s.Users.AddTarget(ctx, tx, t)
		return t.Model(), err
	})
}

// pushTarget finds a push target of the caller.
func (s *Service) pushTarget(ctx context.Context, tx store.Tx, call *api.Call, targetID string) (*users.Target, error) {
	id, err := me(call)
	if err != nil {
		return nil, err
	}
	t, err := s.Users.Target(ctx, tx, id, targetID)
	if err == nil && t.ProviderType != users.PushTarget {
		return nil, apierr.UserTargetNotFound
	}
	return t, err
}

type updateTargetParams struct {
	TargetID   api.ID `param:"targetId"`
	Identifier string `param:"identifier" max:"255" doc:"Token of the device."`
}

func (s *Service) updatePushTarget(ctx context.Context, call *api.Call, in updateTargetParams) (model.Target, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.Target, error) {
		t, err := s.pushTarget(ctx, tx, call, string(in.TargetID))
		if err != nil {
			return model.Target{}, err
		}
		t.Identifier, t.Expired, t.Name = in.Identifier, false, deviceName(call)
		err = s.Users.UpdateTarget(ctx, tx, t, "identifier", "expired", "name")
		return t.Model(), err
	})
}

type targetParams struct {
	TargetID api.ID `param:"targetId"`
}

func (s *Service) deletePushTarget(ctx context.Context, call *api.Call, in targetParams) (api.None, error) {
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		t, err := s.pushTarget(ctx, tx, call, string(in.TargetID))
		if err != nil {
			return api.None{}, err
		}
		return api.None{}, s.Users.DeleteTarget(ctx, tx, t)
	})
}

type identitiesParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listIdentities(ctx context.Context, call *api.Call, in identitiesParams) (model.IdentityList, error) {
	id, err := me(call)
	if err != nil {
		return model.IdentityList{}, err
	}
	page := listing.Page{Queries: in.Queries, NoTotal: !in.Total, Where: sqlb.Eq("user_id", id)}
	return api.Read(ctx, call, func(tx store.Tx) (model.IdentityList, error) {
		return users.Identities(ctx, tx, page)
	})
}

type identityParams struct {
	IdentityID api.ID `param:"identityId"`
}

func (s *Service) deleteIdentity(ctx context.Context, call *api.Call, in identityParams) (api.None, error) {
	id, err := me(call)
	if err != nil {
		return api.None{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (api.None, error) {
		return api.None{}, s.Users.DeleteIdentity(ctx, tx, id, string(in.IdentityID))
	})
}

func (s *Service) targets() []api.Endpoint {
	audit := func(event string) api.Audit { return api.Audit{Event: event, Resource: "target/{targetId}"} }
	write := []string{"targets.write"}
	return []api.Endpoint{
		api.New(own(api.Spec{
			Name: "account.createPushTarget", Method: "POST", Path: "/v1/account/targets/push", Status: 201, Model: "target",
			Summary: "Register a device for push messages. It is forgotten with the session.", Scopes: write,
			Event: "users.[userId].targets.[targetId].create", Audit: audit("target.create"),
		}), s.createPushTarget),
		api.New(own(api.Spec{
			Name: "account.updatePushTarget", Method: "PUT", Path: "/v1/account/targets/{targetId}/push", Model: "target",
			Summary: "Give a device another token.", Scopes: write,
			Event: "users.[userId].targets.[targetId].update", Audit: audit("target.update"),
		}), s.updatePushTarget),
		api.New(own(api.Spec{
			Name: "account.deletePushTarget", Method: "DELETE", Path: "/v1/account/targets/{targetId}/push",
			Summary: "Forget a device.", Scopes: write,
			Event: "users.[userId].targets.[targetId].delete", Audit: audit("target.delete"),
		}), s.deletePushTarget),
		api.New(own(api.Spec{
			Name: "account.listIdentities", Method: "GET", Path: "/v1/account/identities", Model: "identityList",
			Summary: "List the user's accounts at OAuth2 providers.",
		}), s.listIdentities),
		api.New(own(api.Spec{
			Name: "account.deleteIdentity", Method: "DELETE", Path: "/v1/account/identities/{identityId}",
			Summary: "Forget an account at an OAuth2 provider.",
			Event:   "users.[userId].identities.[identityId].delete",
			Audit:   api.Audit{Event: "identity.delete", Resource: "identity/{identityId}"},
		}), s.deleteIdentity),
	}
}

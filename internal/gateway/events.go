package gateway

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/guard"
	"moorfast/internal/project"
	"moorfast/internal/seal"
	"moorfast/internal/secevent"
	"moorfast/internal/vault"
)

// Alarms tells of the alarms of a guard as security events.
func Alarms(bus *secevent.Bus) func(guard.Alarm) {
	kinds := map[guard.Kind]secevent.Kind{guard.Brute: secevent.BruteForce, guard.Spray: secevent.Spray, guard.Storm: secevent.SprayDistributed}
	return func(a guard.Alarm) {
		e := secevent.Event{Kind: kinds[a.Kind], Project: a.Project, Details: map[string]string{}}
		if a.Account != "" {
			e.Details["account"] = a.Account
		}
		if a.Network.IsValid() {
			e.Address = a.Network.String()
		}
		bus.Emit(context.Background(), e)
	}
}

// denied are the errors by which the console turns somebody away.
var denied = map[string]string{
	apierr.UserIPNotWhitelisted.Type: "address", apierr.UserEmailNotWhitelisted.Type: "email", apierr.UserConsoleCountExceeded.Type: "root",
}

// unopened are the errors that say that something sealed does not open, by what.
var unopened = map[string]error{secevent.SealedField: vault.ErrRefused, secevent.SealedFile: seal.ErrRefused}

// tellRefused tells of what an error says about security. It is called for all
// calls that fail, before and after it is known who calls.
func (g *Gateway) tellRefused(ctx context.Context, p *project.Project, client api.Client, user string, e *api.Endpoint, err error) {
	event := secevent.Event{Project: p.ID, User: user, Address: addr(client.Addr), Details: map[string]string{"endpoint": e.Name}}
	if rule := denied[apierr.From(err).Type]; rule != "" && p.IsConsole() {
		event.Kind = secevent.ConsoleDenied
		event.Details["rule"] = rule
		g.Events.Emit(ctx, event)
	}
	for sealed, refused := range unopened {
		if errors.Is(err, refused) {
			event.Kind = secevent.DecryptFailed
			event.Details[secevent.SealedKind] = sealed
			g.Events.Emit(ctx, event)
		}
	}
}

// tellDone tells of calls that succeed, where an operator wants to hear of them.
func (g *Gateway) tellDone(ctx context.Context, e *api.Endpoint, call *api.Call) {
	kind, ok := g.newsOf(e, call)
	if !ok {
		return
	}
	event := secevent.Event{Kind: kind, Project: call.Project.ID, User: call.Actor.UserID(), Address: addr(call.Client.Addr), Details: map[string]string{"endpoint": e.Name}}
	for _, name := range []string{"userId", "keyId", "teamId", "projectId"} {
		if v := call.Param(name); v != "" {
			event.Details[name] = v
		}
	}
	g.Events.Emit(ctx, event)
}

// news are the endpoints whose success is an event, whatever they were sent.
var news = map[string]secevent.Kind{
	"project.createKey": secevent.KeyCreated, "project.delete": secevent.ProjectDeleted, "organization.deleteProject": secevent.ProjectDeleted,
	"account.deleteMfaAuthenticator": secevent.MFADisabled, "users.deleteMfaAuthenticator": secevent.MFADisabled,
}

// newsOf is which event the success of a call is, if it is one.
func (g *Gateway) newsOf(e *api.Endpoint, call *api.Call) (secevent.Kind, bool) {
	off := func(name string) bool { return slices.Contains([]string{"false", "0"}, call.Param(name)) }
	switch e.Name {
	case "account.updateMFA", "users.updateMfa":
		return secevent.MFADisabled, off("mfa")
	case "users.updateStatus":
		return secevent.UserBlocked, off("status")
	case "account.updateStatus":
		return secevent.UserBlocked, true
	case "users.updateImpersonator":
		return secevent.Impersonation, !off("impersonator")
	case "account.create":
		return secevent.RootClaimed, call.Project.IsConsole()
	case "teams.createMembership", "teams.updateMembership":
		return secevent.OwnerAdded, call.Project.IsConsole() && strings.Contains(call.Param("roles"), `"owner"`)
	}
	kind, ok := news[e.Name]
	return kind, ok
}

func addr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

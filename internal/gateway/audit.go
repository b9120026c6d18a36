package gateway

import (
	"context"
	"errors"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/audit"
	"moorfast/internal/identity"
	"moorfast/internal/project"
)

// note tells the audit log how a call ended that did not succeed: all of those
// whose change was committed before, and those that were refused for who calls,
// from where, or how often. It returns the error of the call.
//
// A guest who has shown nothing and only wants to read is no news: every app asks
// once whether somebody is signed in.
func (g *Gateway) note(ctx context.Context, e *api.Endpoint, call *api.Call, err error) error {
	row := apierr.From(err)
	if !call.Recorded() && (!refusal(row) || e.Audit.Event == "" && call.Actor.User == nil && call.Actor.KeyID == "" && !call.Shown && row.Status != 429) {
		return err
	}
	if failed := call.Failed(ctx, row.Type); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// refuse is note for a caller whom [Gateway.Authenticate] has turned away.
func (g *Gateway) refuse(e *api.Endpoint, p *project.Project, c *Credentials, err error) {
	row := apierr.From(err)
	if g.Units.Audit == nil || !refusal(row) {
		return
	}
	r := audit.Record{
		At: g.Units.Now().UnixMicro(), Project: p.ID, Event: e.Audit.Event, Endpoint: e.Name, Outcome: row.Type,
		Actor: audit.Actor{Kind: audit.Guest}, UserAgent: c.Client.UserAgent, SDK: c.Client.SDK,
	}
	if c.Client.Addr.IsValid() {
		r.Address = c.Client.Addr.String()
	}
	g.Units.Audit.Refuse(p.ID, r)
}

func refusal(row *apierr.Error) bool {
	return row.Status == 401 || row.Status == 403 || row.Status == 429
}

// recordable refuses changes, and whatever the people of the console do, while the
// audit log cannot be written (L-7). What apps read goes on.
func (g *Gateway) recordable(e *api.Endpoint, call *api.Call) error {
	console := call.Actor.Kind == identity.Admin || call.Project.IsConsole() && call.Actor.User != nil
	if e.Audit.Event == "" && !console {
		return nil
	}
	return g.Units.Audit.Admit(call.Project.ID)
}

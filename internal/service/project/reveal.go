package project

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/audit"
	"moorfast/internal/core/projects"
	"moorfast/internal/identity"
	"moorfast/internal/model"
	"moorfast/internal/secevent"
	"moorfast/internal/store"
)

// revealWithin is how old a session, or a factor proved in it, may be for its user
// to see the secret of a key again.
const revealWithin = 15 * time.Minute

// reveals tells whether secrets are shown to the caller: to an admin in a session
// of the console, who has just proved who they are. Everybody else, and who comes
// with a token or a key, sees them masked.
func (s *Service) reveals(call *api.Call) bool {
	if !s.Reveal || call.Actor.Kind != identity.Admin || call.Actor.User == nil || call.Actor.Impersonator != nil || call.Shown {
		return false
	}
	session, ok := call.Actor.User.Session(call.Actor.SessionID, call.Now())
	then := call.Now().Add(-revealWithin)
	return ok && (!session.CreatedAt.Before(then) || !session.ChallengedAt.Before(then))
}

// reveal shows a key with its secret, if a copy is kept. That it does is in the
// audit log, or it does not.
func (s *Service) reveal(ctx context.Context, call *api.Call, id string) (out model.Key, err error) {
	shown := false
	err = api.Aside(ctx, call, func(tx store.Tx) error {
		row, err := projects.GetKey(ctx, tx, id)
		if err != nil {
			return err
		}
		secret, err := projects.Secret(ctx, tx, id)
		if err != nil {
			return err
		}
		if shown = secret != ""; !shown {
			out = keyModel(row, row.Masked())
			return nil
		}
		out = keyModel(row, secret)
		record := call.Record("")
		record.Event, record.Resource = "project.key.reveal", "project.key/"+id
		return audit.Append(ctx, tx, record)
	})
	if err != nil {
		return model.Key{}, err
	}
	if shown {
		s.Events.Emit(ctx, secevent.Event{
			Kind: secevent.KeyRevealed, Project: call.Project.ID, User: call.Actor.UserID(), Address: call.Client.Addr.String(), Details: map[string]string{"keyId": id},
		})
	}
	return out, nil
}

package server

import (
	"context"
	"fmt"

	"moorfast/internal/core/users"
	"moorfast/internal/store"
)

// awaitSetup makes the setup token (C-8), where the settings ask for one and the
// console has had no account yet.
func (s *Server) awaitSetup(ctx context.Context, u *users.Users) error {
	if !s.config.Console.Access.Setup {
		return nil
	}
	var claimed bool
	err := s.db.View(ctx, store.Platform, func(tx store.Tx) (err error) {
		claimed, err = u.Claimed(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("look for the first account: %w", err)
	}
	if !claimed {
		s.Setup = s.Policy.AwaitSetup(s.now())
	}
	return nil
}

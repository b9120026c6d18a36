package users

import (
	"context"
	"errors"

	"moorfast/internal/apierr"
	"moorfast/internal/model"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// The types of targets.
const (
	EmailTarget = "email"
	SMSTarget   = "sms"
	PushTarget  = "push"
)

// Target is where messages reach a user, as it is stored.
type Target struct {
	Seq          int64   `col:"seq"`
	ID           string  `col:"id"`
	CreatedAt    int64   `col:"created_at"`
	UpdatedAt    int64   `col:"updated_at"`
	UserID       string  `col:"user_id"`
	SessionID    string  `col:"session_id"` // of a push target's app, or ""
	ProviderID   *string `col:"provider_id"`
	ProviderType string  `col:"provider_type"`
	Identifier   string  `col:"identifier"`
	Name         string  `col:"name"`
	Expired      bool    `col:"expired"`
}

// Model returns the target as answers show it.
func (t *Target) Model() model.Target {
	return model.Target{
		ID: t.ID, CreatedAt: model.Time(t.CreatedAt), UpdatedAt: model.Time(t.UpdatedAt),
		Name: t.Name, UserID: t.UserID, ProviderID: t.ProviderID, ProviderType: t.ProviderType,
		Identifier: t.Identifier, Expired: t.Expired,
	}
}

func targetModels(list []Target) []model.Target {
	models := make([]model.Target, len(list))
	for i := range list {
		models[i] = list[i].Model()
	}
	return models
}

// Targets lists the targets of users, by user.
func (u *Users) Targets(ctx context.Context, tx store.Tx, userIDs ...string) (map[string][]Target, error) {
	list, err := store.List[Target](ctx, tx, sqlb.Select{
		From: targetsTable, Where: sqlb.In("user_id", userIDs...), Order: []sqlb.Order{{Column: "seq"}},
	})
	if err != nil {
		return nil, err
	}
	byUser := make(map[string][]Target, len(userIDs))
	for _, t := range list {
		byUser[t.UserID] = append(byUser[t.UserID], t)
	}
	return byUser, nil
}

// Target returns a target of a user, or [apierr.UserTargetNotFound].
func (u *Users) Target(ctx context.Context, tx store.Tx, userID, targetID string) (*Target, error) {
	t, err := store.Get[Target](ctx, tx, targetsTable, targetID)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.UserID != userID {
		return nil, apierr.UserTargetNotFound
	}
	return &t, err
}

// AddTarget adds a target, or returns [apierr.UserTargetAlreadyExists] where its
// id or its identifier is taken.
func (u *Users) AddTarget(ctx context.Context, tx store.Tx, t *Target) error {
	t.CreatedAt = u.micros()
	t.UpdatedAt = t.CreatedAt
	return targetConflict(store.Insert(ctx, tx, targetsTable, t))
}

// UpdateTarget writes the named columns of a target, and when.
func (u *Users) UpdateTarget(ctx context.Context, tx store.Tx, t *Target, columns ...string) error {
	t.UpdatedAt = u.micros()
	return targetConflict(store.UpdateColumns(ctx, tx, targetsTable, t, append(columns, "updated_at")...))
}

// DeleteTarget removes a target.
func (u *Users) DeleteTarget(ctx context.Context, tx store.Tx, t *Target) error {
	return store.Delete(ctx, tx, targetsTable, t.ID)
}

func targetConflict(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return apierr.UserTargetAlreadyExists.Because(err)
	}
	return err
}

// offerTarget adds a target of a user who is new. Where another has the
// identifier, it stays his.
func (u *Users) offerTarget(ctx context.Context, tx store.Tx, t Target) error {
	now := u.micros()
	_, err := store.Exec(ctx, tx, sqlb.Insert{
		Into: targetsTable,
		Columns: []string{
			"id", "created_at", "updated_at", "user_id", "session_id", "provider_type", "identifier", "name", "expired",
		},
		Rows:     [][]any{{u.units.NewID(), now, now, t.UserID, "", t.ProviderType, t.Identifier, "", false}},
		Conflict: []string{"identifier"},
	})
	return err
}

// moveTarget makes the target that stands for a user's address or number stand
// for another: old and next may be "". Where another user has a target of the
// new one, it returns [apierr.UserTargetAlreadyExists].
func (u *Users) moveTarget(ctx context.Context, tx store.Tx, userID, typ, old, next string) error {
	if old == next {
		return nil
	}
	t, err := store.Find[Target](ctx, tx, targetsTable, sqlb.And(
		sqlb.Eq("user_id", userID), sqlb.Eq("provider_type", typ), sqlb.Eq("identifier", old)))
	switch {
	case err == nil && next == "":
		return u.DeleteTarget(ctx, tx, &t)
	case err == nil:
		t.Identifier, t.Expired = next, false
		return u.UpdateTarget(ctx, tx, &t, "identifier", "expired")
	case !errors.Is(err, store.ErrNotFound):
		return err
	case next == "":
		return nil
	}
	return u.AddTarget(ctx, tx, &Target{ID: u.units.NewID(), UserID: userID, ProviderType: typ, Identifier: next})
}
